import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Many topics of one partition with one change each: Topics BOOTSTRAP PREFIX FIRST COUNT. */
public class Topics {
  public static void main(String[] args) throws Exception {
    int first = Integer.parseInt(args[2]);
    int end = first + Integer.parseInt(args[3]);
    Map<String, Object> address = Map.of("bootstrap.servers", args[0]);
    try (Admin admin = Admin.create(address)) {
      var there = admin.listTopics().names().get();
      for (int from = first; from < end; from += 500) {
        List<NewTopic> some = new ArrayList<>();
        for (int i = from; i < Math.min(from + 500, end); ++i) {
          String name = args[1] + ".public." + table(i);
          if (!there.contains(name)) some.add(new NewTopic(name, 1, (short) 1));
        }
        if (!some.isEmpty()) admin.createTopics(some).all().get();
      }
    }
    var text = new StringSerializer();
    try (var producer = new KafkaProducer<String, String>(address, text, text)) {
      for (int i = first; i < end; ++i) {
        String value = "{\"before\":null,\"after\":{\"id\":1,\"v\":1},\"source\":{\"schema\":\"public\",\"table\":\"" + table(i)
            + "\"},\"op\":\"c\",\"ts_ms\":1}";
        producer.send(new ProducerRecord<>(args[1] + ".public." + table(i), "{\"id\":1}", value));
      }
      producer.flush();
    }
  }

  private static String table(int number) {
    return String.format("t%05d", number);
  }
}
