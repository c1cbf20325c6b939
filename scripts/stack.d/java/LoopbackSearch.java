package org.elasticsearch.node;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.transport.Netty4Plugin;

/**
 * Elasticsearch as one node on 127.0.0.1, out of Maven's jars: its archive is in no registry. Lives in its package because a
 * node with plugins of its own choice is protected. Arguments: folder, HTTP port, transport port.
 */
public final class LoopbackSearch {
  private LoopbackSearch() {}

  public static void main(String[] arguments) throws Exception {
    LogConfigurator.configureWithoutConfig(Settings.EMPTY);
    var settings = Settings.builder()
        .put("path.home", arguments[0])
        .put("cluster.name", "cdc")
        .put("node.name", "cdc-1")
        .put("network.host", "127.0.0.1")
        .put("http.port", arguments[1])
        .put("http.type", "netty4")
        .put("transport.port", arguments[2])
        .put("transport.type", "netty4")
        .put("discovery.type", "single-node")
        // A disk that is nearly full would make every index read-only.
        .put("cluster.routing.allocation.disk.threshold_enabled", false)
        .build();
    var environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "cdc-1");
    var node = new Node(environment, List.of(Netty4Plugin.class), false);
    var stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        node.close();
      } catch (java.io.IOException failed) {
        System.err.println("the node did not close: " + failed);
      }
    }));
    node.start();
    stopped.await();
  }
}
