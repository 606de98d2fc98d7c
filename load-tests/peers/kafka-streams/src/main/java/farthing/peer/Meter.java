package farthing.peer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The peer of `make bench-kafka`: what one would write with Kafka Streams to count each usage event once and sum what each party is owed.
 *
 * <pre>Meter BROKERS TOPIC RECORDS APPLICATION STATE_FOLDER THREADS partition|party COMMIT_MS</pre>
 *
 * It reads a topic whose messages are keyed by identity, with exactly-once processing (exactly_once_v2), keeps the identities (platform,
 * source, id) that it has seen in a persistent store, parses the JSON, splits the revenue over the entries in exact integers (units of
 * 10^-12) and adds each part to the sum of its party in a second persistent store. Both stores have changelog topics, as they must to
 * survive the loss of a machine. It ends once RECORDS records are processed and committed, and prints a line of JSON.
 *
 * Sums: `party` brings all parts of a party together through a repartition topic, so that each party has one sum. `partition` leaves that
 * out and keeps a sum for each party and input partition, to be added by whoever reads them, which is the quicker of the two and all that
 * most would need.
 *
 * What it leaves out, and Farthing does in the same run: the registry (memberships, MIDs, agreements, consent, labour shares), works, the
 * largest remainder of parts that are no whole units, kinds other than `share`, validation and dead letters (here a bad event is the
 * end), the difference between a copy and a conflict, reversals, periods and statuses, the evidence of each event, and a record that can
 * be proven again.
 *
 * The clock runs from the first record that is processed to the last: starting the JVM and the group, making the inner topics and the last
 * commit are not counted, which favours it; so does that with `party` the parts that are still in the repartition topic then are not waited for.
 */
public final class Meter {
    private static final String SEEN = "seen";
    private static final String SUMS = "sums";
    private static final byte[] YES = {1};

    private Meter() {}

    public static void main(String[] arguments) {
        if (arguments.length != 8) {
            System.err.println("usage: Meter BROKERS TOPIC RECORDS APPLICATION STATE_FOLDER THREADS partition|party COMMIT_MS");
            System.exit(2);
        }
        try {
            run(arguments);
        } catch (InterruptedException | RuntimeException cause) {
            cause.printStackTrace();
            // The threads of the application would keep the process alive.
            Runtime.getRuntime().halt(1);
        }
    }

    private static void run(String[] arguments) throws InterruptedException {
        Progress progress = new Progress(Long.parseLong(arguments[2]));
        Topology topology = topology(arguments[1], arguments[6].equals("party"), progress);
        KafkaStreams streams = new KafkaStreams(topology, settings(arguments));
        streams.setUncaughtExceptionHandler(cause -> {
            progress.fail(cause);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        progress.await();
        // Closing commits what is open.
        boolean closed = streams.close(Duration.ofSeconds(60));
        if (!closed || progress.records() != Long.parseLong(arguments[2])) {
            throw new IllegalStateException("not all is committed, or records were processed twice");
        }
        long duplicates = progress.duplicates.sum();
        System.out.println(String.format(
                Locale.ROOT, "{\"events\":%d,\"duplicates\":%d,\"units\":%d,\"seconds\":%.3f}",
                progress.records() - duplicates, duplicates, progress.units.sum(), progress.seconds()));
    }

    private static Topology topology(String topic, boolean byParty, Progress progress) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(SEEN), Serdes.String(), Serdes.ByteArray()));
        KStream<byte[], byte[]> events = builder.stream(topic, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()));
        KStream<String, Long> parts = events.process(() -> new Split(progress), SEEN);
        if (byParty) {
            parts.groupByKey(Grouped.with(Serdes.String(), Serdes.Long()))
                    .reduce(Math::addExact, Materialized.as(Stores.persistentKeyValueStore(SUMS)));
        } else {
            builder.addStateStore(
                    Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(SUMS), Serdes.String(), Serdes.Long()).withCachingEnabled());
            parts.process(Add::new, SUMS);
        }
        return builder.build();
    }

    private static Properties settings(String[] arguments) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, Path.of(arguments[4]).toAbsolutePath().toString());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, arguments[5]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, arguments[7]);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 512L << 20);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, StoreSettings.class);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 8 << 20);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 512 << 10);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128L << 20);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        return settings;
    }

    /** Leaves out what was seen, and forwards each part of what was not. */
    private static final class Split implements Processor<byte[], byte[], String, Long> {
        private final Progress progress;
        private ProcessorContext<String, Long> context;
        private KeyValueStore<String, byte[]> seen;

        Split(Progress progress) {
            this.progress = progress;
        }

        @Override
        public void init(ProcessorContext<String, Long> context) {
            this.context = context;
            this.seen = context.getStateStore(SEEN);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            progress.begin();
            Event event = Event.parse(record.value());
            if (seen.putIfAbsent(event.identity(), YES) == null) {
                for (Event.Part part : event.parts()) {
                    context.forward(new Record<>(part.party(), part.units(), record.timestamp()));
                }
                progress.units.add(event.units());
            } else {
                progress.duplicates.increment();
            }
            progress.end();
        }
    }

    /** Adds each part to the sum of its party, in the partition that the event came from. */
    private static final class Add implements Processor<String, Long, Void, Void> {
        private KeyValueStore<String, Long> sums;

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            this.sums = context.getStateStore(SUMS);
        }

        @Override
        public void process(Record<String, Long> part) {
            Long before = sums.get(part.key());
            sums.put(part.key(), before == null ? part.value() : Math.addExact(before, part.value()));
        }
    }
}
