//! Events that are wrong, each in its own way: they are to be rejected, kept and shown.

use super::event::{Event, Usage, Weight, type_of};

/// A code of the contract, and what makes a sound event of the first scene deserve it.
pub struct Fault {
    pub code: &'static str,
    spoil: fn(&mut Event),
}

const fn fault(code: &'static str, spoil: fn(&mut Event)) -> Fault {
    Fault { code, spoil }
}

/// All faults of single events. An identity conflict is made of two: it is in the month itself.
pub const FAULTS: [Fault; 14] = [
    fault("malformed_json", |_| {}),
    fault("not_cloudevent", |event| event.specversion = "0.3"),
    fault("unknown_type", |event| event.event_type = type_of("dreaming")),
    fault("missing_field", |event| on_usage(event, |usage| usage.attribution = None)),
    fault("bad_time", |event| event.time = "2026-10-32T09:00:00Z".to_owned()),
    fault("future_time", |event| event.time = "2026-11-20T09:00:00Z".to_owned()),
    fault("unknown_platform", |event| on_usage(event, |usage| usage.platform = "plt_unheard")),
    fault("bad_amount", |event| on_revenue(event, "12,50", "USD")),
    fault("unknown_currency", |event| on_revenue(event, "12.50", "ZZZ")),
    fault("unrated", |event| on_usage(event, |usage| usage.revenue = None)),
    fault("bad_weight", |event| on_weight(event, "a lot")),
    fault("score_without_transform", |event| {
        on_usage(event, |usage| usage.attribution.iter_mut().for_each(|attribution| attribution.kind = "score"));
    }),
    fault("weights_exceed_one", |event| on_weight(event, "1.25")),
    fault("unknown_original", |event| {
        let unheard = Event { id: format!("{}-unheard", event.id), ..event.clone() };
        *event = Event::reversal(&unheard, event.platform(), event.time.clone());
    }),
];

impl Fault {
    /// The line of a spoilt event.
    pub fn line(&self, mut event: Event) -> serde_json::Result<String> {
        event.id = format!("bad-{}", self.code);
        (self.spoil)(&mut event);
        let mut line = serde_json::to_string(&event)?;
        if self.code == "malformed_json" {
            line.truncate(line.len() / 2);
        }
        Ok(line)
    }
}

fn on_usage(event: &mut Event, change: impl FnOnce(&mut Usage)) {
    if let Some(usage) = event.usage_mut() {
        change(usage);
    }
}

fn on_revenue(event: &mut Event, amount: &str, currency: &'static str) {
    on_usage(event, |usage| {
        if let Some(revenue) = &mut usage.revenue {
            (revenue.amount, revenue.currency) = (amount.to_owned(), currency);
        }
    });
}

fn on_weight(event: &mut Event, weight: &str) {
    on_usage(event, |usage| {
        let entries = usage.attribution.iter_mut().flat_map(|attribution| &mut attribution.entries);
        entries.for_each(|entry| entry.weight = Weight::Text(weight.to_owned()));
    });
}

#[cfg(test)]
mod tests {
    use super::super::event::{Attribution, Data, Entry, Reference, Revenue};
    use super::*;
    use farthing_schemas::event::decode;
    use std::collections::BTreeMap;

    fn sound() -> Event {
        let entries = vec![Entry { reference: Reference::Party("pty_1".to_owned()), weight: Weight::Text("0.5".to_owned()) }];
        let attribution = Attribution { method: "test", method_version: "1", kind: "share", transform: None, entries, unattributed: None };
        let revenue = Some(Revenue { amount: "1".to_owned(), currency: "USD" });
        let usage = Usage {
            platform: "plt_1",
            model: "m",
            output: None,
            usage: BTreeMap::from([("request", 1)]),
            revenue,
            attribution: Some(attribution),
        };
        Event {
            specversion: "1.0",
            id: "1".to_owned(),
            source: "//test",
            event_type: type_of("inference"),
            time: "2026-10-01T00:00:00Z".to_owned(),
            data: Data::Usage(usage),
        }
    }

    /// What needs the registry, the clock or other events is not found by decoding; the demo's own run shows those.
    const FOUND_LATER: [&str; 5] = ["future_time", "unknown_platform", "unrated", "weights_exceed_one", "unknown_original"];

    #[test]
    fn every_fault_is_found_and_named() {
        assert!(decode(serde_json::to_string(&sound()).unwrap().as_bytes()).is_ok());
        for fault in &FAULTS {
            let line = fault.line(sound()).unwrap();
            match decode(line.as_bytes()) {
                Err(rejection) => assert_eq!(rejection.code.as_str(), fault.code, "{line}"),
                Ok(_) => assert!(FOUND_LATER.contains(&fault.code), "{line}"),
            }
        }
    }
}
