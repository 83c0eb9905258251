//! Transcripts of real rooms and of invented ones, whole and damaged.

mod crew;
mod real_and_forged;
