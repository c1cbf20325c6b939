import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Submit FILE.sql: its statements to the cluster of FLINK_CONF_DIR, one after the other; ends once the job is submitted.
 * Flink's own SQL client needs its SQL gateway, which no registry has for this version.
 */
public final class Submit {
  private Submit() {}

  public static void main(String[] arguments) throws Exception {
    var settings =
        EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(GlobalConfiguration.loadConfiguration()).build();
    var environment = TableEnvironment.create(settings);
    for (String statement : Files.readString(Path.of(arguments[0])).split(";\\s*\\n")) {
      if (!statement.isBlank()) environment.executeSql(statement);
    }
  }
}
