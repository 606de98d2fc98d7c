package farthing.peer;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Options;

/** RocksDB with room for what is written, and with filters: nearly every identity that is looked up is not there. */
public final class StoreSettings implements RocksDBConfigSetter {
    private final BloomFilter filter = new BloomFilter(10);

    @Override
    public void setConfig(String store, Options options, Map<String, Object> configuration) {
        options.setWriteBufferSize(64L << 20);
        if (options.tableFormatConfig() instanceof BlockBasedTableConfig table) {
            table.setFilterPolicy(filter);
            options.setTableFormatConfig(table);
        }
    }

    @Override
    public void close(String store, Options options) {
        filter.close();
    }
}
