package farthing.peer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** What is read of one usage event: who it is, what it earned, and whose weights share that. Amounts are units of 10^-12, exact. */
record Event(String identity, long units, List<Part> parts) {
    /** What one party is owed of an event. What is unattributed, by a weight or by none, is owed to the party "". */
    record Part(String party, long units) {}

    private static final long MICRO = 1_000_000;

    // Decimals as they are written: a double would lose units.
    private static final ObjectReader READER =
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build().readerFor(JsonNode.class);

    static Event parse(byte[] json) {
        try {
            return of(READER.readTree(json));
        } catch (JsonProcessingException cause) {
            throw new IllegalArgumentException("an event is no JSON", cause);
        } catch (IOException cause) {
            throw new IllegalArgumentException("an event cannot be read", cause);
        }
    }

    private static Event of(JsonNode event) {
        JsonNode data = event.required("data");
        String identity = data.required("platform").textValue() + '\n' + event.required("source").textValue() + '\n' + event.required("id").textValue();
        long revenue = micro(data.required("revenue").required("amount"));
        long left = MICRO;
        List<Part> parts = new ArrayList<>();
        for (JsonNode entry : data.required("attribution").required("entries")) {
            long weight = micro(entry.required("weight"));
            left = Math.subtractExact(left, weight);
            parts.add(new Part(entry.required("party").textValue(), Math.multiplyExact(revenue, weight)));
        }
        if (left < 0) {
            throw new IllegalArgumentException("the weights of an event are more than 1");
        }
        parts.add(new Part("", Math.multiplyExact(revenue, left)));
        return new Event(identity, Math.multiplyExact(revenue, MICRO), parts);
    }

    /** Millionths of a decimal, in a JSON string or number; more than six places are an error. */
    private static long micro(JsonNode value) {
        BigDecimal decimal = value.isTextual() ? new BigDecimal(value.textValue()) : value.decimalValue();
        return decimal.movePointRight(6).longValueExact();
    }
}
