import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.functions.ScalarFunction;

/** Debezium's encodings of PostgreSQL's types as a Flink job must decode them: Flink SQL has no functions for these. */
public final class Decoding {
  private Decoding() {}

  /** numeric(3,2): the unscaled number, big-endian two's complement. */
  public static final class Numeric extends ScalarFunction {
    @DataTypeHint("DECIMAL(3, 2)")
    public BigDecimal eval(byte[] unscaled) {
      return unscaled == null ? null : new BigDecimal(new BigInteger(unscaled), 2);
    }
  }

  /** date: days since 1970. */
  public static final class Days extends ScalarFunction {
    @DataTypeHint("DATE")
    public LocalDate eval(Integer days) {
      return days == null ? null : LocalDate.ofEpochDay(days);
    }
  }

  /** timestamp: microseconds since 1970. */
  public static final class Micros extends ScalarFunction {
    @DataTypeHint("TIMESTAMP(6)")
    public LocalDateTime eval(Long micros) {
      if (micros == null) return null;
      return LocalDateTime.ofEpochSecond(
          Math.floorDiv(micros, 1_000_000L), (int) Math.floorMod(micros, 1_000_000L) * 1000, ZoneOffset.UTC);
    }
  }

  /** timestamptz: ISO 8601 in UTC. */
  public static final class Zoned extends ScalarFunction {
    @DataTypeHint("TIMESTAMP_LTZ(6)")
    public Instant eval(String text) {
      return text == null ? null : Instant.parse(text);
    }
  }
}
