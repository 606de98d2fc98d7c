//! The terms: platforms with their prices, MIDs with their fees, and the agreements between them.

use super::people::{ATLAS, BOREALIS, CAMPUS, CIRRUS};
use super::record::{Agreement, Mid, Platform, Price, Threshold};

pub const AUTHORS: &str = "mid_authors";
pub const IMAGES: &str = "mid_images";
pub const NIPPON: &str = "mid_nippon";
pub const VILLAGE: &str = "mid_village";

/// From before the month on.
pub const ALWAYS: &str = "2026-01-01T00:00:00Z";

const fn price(use_: &'static str, unit: &'static str, price: &'static str, currency: &'static str) -> Price {
    Price { use_, unit, price, currency }
}

const fn platform(id: &'static str, name: &'static str, legal_id: &'static str, share: &'static str, rates: &'static [Price]) -> Platform {
    Platform { id, name, legal_id, default_labour_share: share, rates, consent_default: "allow" }
}

pub const PLATFORMS: [Platform; 4] = [
    platform(
        ATLAS,
        "Atlas Assistant (demo)",
        "DEMO-LEI-ATLAS",
        "0.70",
        &[price("retrieval", "request", "0.05", "USD"), price("retrieval", "retrieval", "0.012", "USD")],
    ),
    platform(
        BOREALIS,
        "Borealis Search (demo)",
        "DEMO-LEI-BOREALIS",
        "0.72",
        &[price("retrieval", "request", "0.03", "EUR"), price("retrieval", "retrieval", "0.0075", "EUR")],
    ),
    platform(
        CIRRUS,
        "Cirrus Models (demo)",
        "DEMO-LEI-CIRRUS",
        "0.70",
        &[price("inference", "input_token", "0.004", "JPY"), price("inference", "output_token", "0.02", "JPY")],
    ),
    platform(CAMPUS, "Campus policy questions (a real week, demo prices)", "DEMO-LEI-CAMPUS", "0.70", &[]),
];

const fn threshold(method: &'static str, currency: &'static str, amount: &'static str) -> Threshold {
    Threshold { method, currency, amount }
}

const WESTERN: &[Threshold] = &[threshold("ach", "USD", "1.00"), threshold("sepa", "EUR", "1.00")];

const fn mid(id: &'static str, name: &'static str, jurisdiction: &'static str, fee: &'static str, currency: &'static str) -> Mid {
    Mid { id, name, legal_id: id, jurisdiction, registration_id: "DEMO", fee, currency, thresholds: WESTERN }
}

pub const MIDS: [Mid; 4] = [
    mid(AUTHORS, "Guild of Authors (demo)", "US", "0.04", "USD"),
    mid(IMAGES, "Image Makers' Cooperative (demo)", "DE", "0.06", "EUR"),
    Mid { thresholds: &[threshold("zengin", "JPY", "100")], ..mid(NIPPON, "Nippon Data Trust (demo)", "JP", "0.05", "JPY") },
    mid(VILLAGE, "Village Archive (demo)", "FR", "0.10", "EUR"),
];

/// Whose agreement, in which currency, and what happens where less than 70 % reaches the parties.
struct Terms(&'static str, &'static str, &'static str, &'static str);

const fn agreement(id: &'static str, uses: &'static [&'static str], labour_share: &'static str, terms: Terms) -> Agreement {
    let Terms(platform, mid, currency, on_shortfall) = terms;
    Agreement { id, platform, mid, uses, labour_share, currency, on_shortfall, from: ALWAYS }
}

/// Net of gross is labour share x (1 - fee): two of these fail the 70 % rule, one is mended by a true-up and one is refused.
pub const AGREEMENTS: [Agreement; 8] = [
    agreement("agr_authors_atlas", &["inference", "retrieval", "citation"], "0.75", Terms(ATLAS, AUTHORS, "USD", "refuse")),
    agreement("agr_authors_campus", &["inference"], "0.74", Terms(CAMPUS, AUTHORS, "USD", "refuse")),
    agreement("agr_authors_borealis", &["retrieval"], "0.74", Terms(BOREALIS, AUTHORS, "EUR", "refuse")),
    agreement("agr_images_borealis", &["inference", "retrieval"], "0.76", Terms(BOREALIS, IMAGES, "EUR", "refuse")),
    agreement("agr_images_borealis_cite", &["citation"], "0.73", Terms(BOREALIS, IMAGES, "EUR", "true_up")),
    agreement("agr_nippon_cirrus", &["inference", "citation", "training"], "0.74", Terms(CIRRUS, NIPPON, "JPY", "refuse")),
    agreement("agr_village_borealis", &["inference", "citation"], "0.80", Terms(BOREALIS, VILLAGE, "EUR", "refuse")),
    agreement("agr_village_borealis_retrieval", &["retrieval"], "0.75", Terms(BOREALIS, VILLAGE, "EUR", "refuse")),
];
