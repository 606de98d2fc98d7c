//! Snapshots: a compiled registry is the same after it was bytes, and no other bytes give any.

use super::{BASE, load};
use farthing_schemas::manifest::sha256_hex;
use farthing_schemas::registry::{Registry, SnapshotKey, State};

/// Something of every kind that a snapshot holds.
const MORE: &str = r#"{"kind":"platform","id":"plt_c","name":"Acme","default_labour_share":"0.7","rates":[{"use":"training","unit":"token","price":"0.000000000001","currency":"USD","from":"2026-01-01T00:00:00Z"}]}
{"kind":"mid","id":"mid_z","name":"Guild","jurisdiction":"DE","fee":"0.05","recovery_cap":"0.3","currency":"JPY","thresholds":[{"method":"sepa","currency":"EUR","amount":"5"}]}
{"kind":"party","id":"pty_4","type":"person","payout":{"method":"sepa","currency":"EUR"}}
{"kind":"agreement","id":"agr_1","platform":"plt_c","mid":"mid_z","uses":["training","citation"],"labour_share":"0.7","currency":"USD","on_shortfall":"true_up","from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"}
{"kind":"membership","party":"pty_4","mid":"mid_z","platforms":["plt_a","plt_c"],"uses":["training"],"from":"2026-01-01T00:00:00Z"}
{"kind":"membership","party":"pty_4","mid":"mid_x","platforms":"*","uses":["inference"],"from":"2026-01-01T00:00:00Z","to":"2026-06-01T00:00:00Z"}
{"kind":"residence","party":"pty_4","country":"FR","from":"2026-01-01T00:00:00Z"}
{"kind":"withholding","id":"wht_1","jurisdiction":"DE","residence":"FR","type":"person","rate":"0.15","from":"2026-01-01T00:00:00Z"}
{"kind":"withholding","id":"wht_2","jurisdiction":"DE","rate":"0.3","from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"}
{"kind":"certificate","party":"pty_4","jurisdiction":"DE","rate":"0","reference":"exemption 17","from":"2026-01-01T00:00:00Z"}
{"kind":"successor","party":"pty_4","from":"2026-05-01T00:00:00Z","heirs":[{"party":"pty_1","share":"0.5"},{"party":"pty_2","share":"0.5"}]}
{"kind":"exchange_rate","from":"USD","to":"EUR","rate":"0.9","source":"ECB","time":"2026-10-30T15:00:00Z"}
{"kind":"consent","party":"pty_4","work":"wrk_1","platform":"plt_a","use":"training","decision":"n","from":"2026-01-01T00:00:00Z"}
"#;

fn key() -> SnapshotKey {
    SnapshotKey::of(["aa", "bb"])
}

fn registry() -> Registry {
    let mut state = State::default();
    let texts = [load(&mut state, BASE), load(&mut state, MORE)];
    Registry::from_public((1..).zip(texts.iter().map(Vec::as_slice))).unwrap()
}

/// The same registry, after it was bytes.
pub fn again(registry: &Registry) -> Registry {
    let bytes = registry.to_snapshot(&key()).unwrap();
    let read = Registry::from_snapshot(&bytes, &key()).unwrap();
    assert_eq!(read.to_snapshot(&key()).unwrap(), bytes, "nothing is lost on the way");
    read
}

#[test]
fn a_registry_is_itself_again() {
    let (one, other) = (registry(), again(&registry()));
    assert_eq!(format!("{other:?}"), format!("{one:?}"));
    let nothing = Registry::from_public([]).unwrap();
    assert_eq!(format!("{:?}", again(&nothing)), format!("{nothing:?}"));
}

#[test]
fn no_other_bytes_are_a_snapshot() {
    let bytes = registry().to_snapshot(&key()).unwrap();
    for length in 0..bytes.len() {
        assert!(Registry::from_snapshot(&bytes[..length], &key()).is_none(), "cut off at {length}");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            assert!(Registry::from_snapshot(&altered, &key()).is_none(), "bit {bit} of byte {at} is another");
        }
    }
    let longer = [&bytes[..], b"\0"].concat();
    assert!(Registry::from_snapshot(&longer, &key()).is_none());
}

#[test]
fn a_snapshot_of_other_texts_is_none() {
    let bytes = registry().to_snapshot(&key()).unwrap();
    for other in [&["aa"][..], &["bb", "aa"], &["aab", "b"], &["aa", "bb", "cc"], &[]] {
        assert!(Registry::from_snapshot(&bytes, &SnapshotKey::of(other.iter().copied())).is_none(), "{other:?}");
    }
}

/// Where this fails, snapshots that were written before hold something else than is compiled now: let `FORMAT` go up, so that they
/// are written anew, and then put the new digest here.
#[test]
fn what_is_in_a_snapshot_changes_with_its_format_only() {
    let rows = &registry().to_snapshot(&key()).unwrap()[72..];
    assert_eq!(sha256_hex(rows), "4845032c44af8c6c37aef46f91bf742ee5df1f009d4ee10a15d7076cf44035af");
}
