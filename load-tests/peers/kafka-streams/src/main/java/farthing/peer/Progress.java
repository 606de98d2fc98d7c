package farthing.peer;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts what all threads have processed; what is counted between the first record and the last is the steady state. */
final class Progress {
    final LongAdder duplicates = new LongAdder();
    final LongAdder units = new LongAdder();
    private final AtomicLong records = new AtomicLong();
    private final CountDownLatch done = new CountDownLatch(1);
    private final long expected;
    private volatile long firstNanos;
    private volatile long lastNanos;
    private volatile Throwable failure;

    Progress(long expected) {
        this.expected = expected;
    }

    /** A record is about to be processed. */
    void begin() {
        if (firstNanos == 0) {
            synchronized (this) {
                if (firstNanos == 0) {
                    firstNanos = System.nanoTime();
                }
            }
        }
    }

    /** A record has been processed. */
    void end() {
        if (records.incrementAndGet() == expected) {
            lastNanos = System.nanoTime();
            done.countDown();
        }
    }

    void fail(Throwable cause) {
        failure = cause;
        done.countDown();
    }

    long records() {
        return records.get();
    }

    double seconds() {
        return (lastNanos - firstNanos) / 1e9;
    }

    /** Waits for the last record; an error if a minute goes by without any. */
    void await() throws InterruptedException {
        long before = -1;
        while (!done.await(60, TimeUnit.SECONDS)) {
            if (records.get() == before) {
                throw new IllegalStateException("no record in a minute: " + before + " of " + expected + " are processed");
            }
            before = records.get();
        }
        if (failure != null) {
            throw new IllegalStateException("the application has failed", failure);
        }
    }
}
