package org.apache.iceberg.rest;

import java.net.InetSocketAddress;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.gzip.GzipHandler;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

/**
 * Iceberg's REST catalog on 127.0.0.1 alone; the stock RESTCatalogServer listens on every address. Lives in its package
 * because the adapter that knows include-credentials is private to it. The configuration is the same: CATALOG_* of the
 * environment. Argument: the port.
 */
public final class LoopbackCatalog {
  private LoopbackCatalog() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> config = RCKUtils.environmentCatalogConfig();
    var catalog = CatalogUtil.buildIcebergCatalog(config.get("catalog.name"), config, new Configuration());
    var adapter = new RESTServerCatalogAdapter(new RESTCatalogServer.CatalogContext(catalog, config));

    var handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(adapter)), "/*");
    handler.insertHandler(new GzipHandler());

    var server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
    server.setHandler(handler);
    server.setStopTimeout(5000);
    server.setStopAtShutdown(true);
    server.start();
    server.join();
  }
}
