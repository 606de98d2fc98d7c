//! softmax and rank.
