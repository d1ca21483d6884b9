//! Users and API keys, in `kubently_identity`.
//!
//! | key | value |
//! |---|---|
//! | `user.<id>` | the user |
//! | `email.<hash of the folded address>` | its id |
//! | `key.<hash of the secret>` | the API key |
//! | `user_keys.<user>.<key>` | its hash and when it was made |
//!
//! A thing and its index entry are written together or not at all; what changes is written with
//! the revision that was read. When a key was last used stands in `kubently_usage`.

mod api_keys;
mod users;
