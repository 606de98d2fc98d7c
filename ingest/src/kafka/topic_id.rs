//! Which topic of which cluster this is, as the cluster itself says: a topic that is deleted and made anew has another id.

use super::KafkaError;
use rdkafka::bindings as sys;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Cause;
use rdkafka::types::RDKafkaErrorCode;
use std::ffi::{CStr, CString};
use std::time::Duration;

/// The ids of the cluster and of the topic in it, as `CLUSTER/TOPIC`; brokers have so long to answer.
pub fn fingerprint<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    brokers: &str,
    topic: &str,
    patience: Duration,
) -> Result<String, KafkaError> {
    let unanswered = |what, source| KafkaError::Unanswered { brokers: brokers.to_owned(), what, source };
    let timed_out = Cause::MetadataFetch(RDKafkaErrorCode::OperationTimedOut);
    let cluster = consumer.client().fetch_cluster_id(patience).ok_or_else(|| unanswered("which cluster this is", timed_out))?;
    match describe(consumer, topic, patience) {
        Ok(id) => Ok(format!("{cluster}/{id}")),
        Err(RDKafkaErrorCode::UnknownTopicOrPartition) => Err(KafkaError::NoSuchTopic(topic.to_owned())),
        Err(code) => Err(unanswered("which topic this is", Cause::MetadataFetch(code))),
    }
}

/// The topic's id, in base64. The client has no safe way to ask for it, and no other way is airtight: offsets of a new topic may well
/// have grown beyond those of the old one.
#[expect(unsafe_code, reason = "librdkafka's DescribeTopics is bound, but not wrapped")]
fn describe<C: ClientContext + ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    patience: Duration,
) -> Result<String, RDKafkaErrorCode> {
    let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
    let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    let client = consumer.client().native_ptr();
    // SAFETY: `client` lives as long as `consumer`, which outlives this call. Each object that is made here is destroyed here, once, after
    // its last use; what the result lends is copied before the event that owns it is destroyed. `names` and `name` outlive the call
    // that copies them.
    unsafe {
        let mut names = [name.as_ptr()];
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        let queue = sys::rd_kafka_queue_new(client);
        let options = sys::rd_kafka_AdminOptions_new(client, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        sys::rd_kafka_DescribeTopics(client, topics, options, queue);
        let event = sys::rd_kafka_queue_poll(queue, millis);
        let answer = topic_id_in(event);
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_AdminOptions_destroy(options);
        sys::rd_kafka_queue_destroy(queue);
        sys::rd_kafka_TopicCollection_destroy(topics);
        answer
    }
}

/// The id of the one topic that a result describes.
///
/// # Safety
/// `event` is null or an event that lives until this returns.
#[expect(unsafe_code, reason = "librdkafka's DescribeTopics is bound, but not wrapped")]
unsafe fn topic_id_in(event: *mut sys::rd_kafka_event_t) -> Result<String, RDKafkaErrorCode> {
    if event.is_null() {
        return Err(RDKafkaErrorCode::OperationTimedOut);
    }
    // SAFETY: all that is asked belongs to `event`, which lives; null is looked for wherever it may be given.
    unsafe {
        let failed = sys::rd_kafka_event_error(event);
        if failed != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(failed.into());
        }
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count != 1 {
            return Err(RDKafkaErrorCode::Fail);
        }
        let topic = *topics;
        let error = sys::rd_kafka_TopicDescription_error(topic);
        let code = if error.is_null() { sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR } else { sys::rd_kafka_error_code(error) };
        if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(code.into());
        }
        let id = sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic));
        if id.is_null() { Err(RDKafkaErrorCode::Fail) } else { Ok(CStr::from_ptr(id).to_string_lossy().into_owned()) }
    }
}
