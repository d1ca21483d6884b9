//! Credentials that are known by their shape, wherever they stand. Their issuers gave most of them a
//! prefix for this purpose.

use super::find::{Span, before, is_word, run, slice};

/// A prefix, and what must follow it.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Compared exactly, in spite of the finder.
    pub(super) anchor: &'static str,
    reason: &'static str,
    /// What the rest is made of.
    is: fn(u8) -> bool,
    /// The least and the most bytes of the rest.
    length: (usize, usize),
    /// A closer look at the whole, prefix included.
    check: fn(&[u8]) -> bool,
    /// Bytes in front of the prefix that belong to the credential.
    lead: usize,
    /// The prefix is a name, and stays.
    keep: bool,
}

const ANY: usize = 4096;

const fn shape(
    anchor: &'static str,
    reason: &'static str,
    is: fn(u8) -> bool,
    length: (usize, usize),
) -> Shape {
    Shape {
        anchor,
        reason,
        is,
        length,
        check: |_| true,
        lead: 0,
        keep: false,
    }
}

const fn checked(shape: Shape, check: fn(&[u8]) -> bool) -> Shape {
    Shape { check, ..shape }
}

/// The shapes, and where they are described: RFC 7519 for `eyJ`; the documentation of AWS (IAM
/// identifiers), Google Cloud, GitHub, GitLab, Slack, Stripe, npm, Vault, Azure and others.
pub(super) static SHAPES: [Shape; 35] = [
    checked(shape("ci_", "kubently-key", is_word, (40, 40)), is_mixed),
    checked(shape("eyJ", "jwt", is_jwt_byte, (20, 65_536)), is_jwt),
    shape("AKIA", "aws-key", is_upper_or_digit, (16, 16)),
    shape("ASIA", "aws-key", is_upper_or_digit, (16, 16)),
    Shape {
        keep: true,
        ..shape("X-Amz-Signature=", "aws-key", is_hex, (64, 64))
    },
    shape("AIza", "gcp-key", is_word, (35, 35)),
    shape("ya29.", "gcp-key", is_word, (20, ANY)),
    shape("GOCSPX-", "gcp-key", is_word, (28, 28)),
    Shape {
        keep: true,
        ..shape("?sig=", "azure-key", is_signature, (43, 120))
    },
    Shape {
        keep: true,
        ..shape("&sig=", "azure-key", is_signature, (43, 120))
    },
    Shape {
        lead: 3,
        ..shape("8Q~", "azure-key", is_azure, (31, 34))
    },
    shape("ghp_", "github-token", is_alphanumeric, (36, 255)),
    shape("gho_", "github-token", is_alphanumeric, (36, 255)),
    shape("ghu_", "github-token", is_alphanumeric, (36, 255)),
    shape("ghs_", "github-token", is_alphanumeric, (36, 255)),
    shape("ghr_", "github-token", is_alphanumeric, (36, 255)),
    shape("github_pat_", "github-token", is_word, (40, 255)),
    shape("glpat-", "gitlab-token", is_word, (20, 255)),
    checked(
        shape("xoxb-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    checked(
        shape("xoxp-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    checked(
        shape("xoxa-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    checked(
        shape("xoxr-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    checked(
        shape("xoxs-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    checked(
        shape("xoxe-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    checked(
        shape("xapp-", "slack-token", is_slack, (20, 255)),
        has_digit,
    ),
    Shape {
        keep: true,
        ..shape(
            "hooks.slack.com/services/",
            "slack-token",
            is_path,
            (30, 120),
        )
    },
    shape("sk_live_", "stripe-key", is_alphanumeric, (20, 255)),
    shape("rk_live_", "stripe-key", is_alphanumeric, (20, 255)),
    shape("sk-ant-", "api-key", is_word, (20, 255)),
    shape("sk-proj-", "api-key", is_word, (20, 255)),
    checked(
        shape("npm_", "npm-token", is_alphanumeric, (36, 36)),
        is_mixed,
    ),
    shape("hvs.", "vault-token", is_word, (24, 255)),
    shape("dop_v1_", "api-key", is_hex, (64, 64)),
    checked(
        shape("SG.", "sendgrid-key", is_jwt_byte, (66, 66)),
        is_sendgrid,
    ),
    shape("pypi-AgEIcHlwaS5vcmc", "api-key", is_word, (50, ANY)),
];

/// The credential of this shape whose prefix stands at `start`.
pub(super) fn at(text: &[u8], start: usize, shape: &Shape) -> Option<Span> {
    let Shape {
        anchor,
        length: (least, most),
        ..
    } = *shape;
    let after = start + anchor.len();
    let begin = start.checked_sub(shape.lead)?;
    let is_exact = slice(text, start, after) == anchor.as_bytes();
    let is_inside = before(text, begin).is_some_and(is_word) && !shape.keep;
    let lead_fits = slice(text, begin, start).iter().all(|&it| (shape.is)(it));
    if !is_exact || is_inside || !lead_fits {
        return None;
    }
    let end = run(text, after, shape.is);
    let whole = slice(text, begin, end);
    let fits = (least..=most).contains(&(end - after)) && (shape.check)(whole);
    fits.then_some(Span {
        start: if shape.keep { after } else { begin },
        end,
        reason: shape.reason,
    })
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_upper_or_digit(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn is_slack(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

fn is_signature(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"%+/=_-".contains(&byte)
}

fn is_azure(byte: u8) -> bool {
    is_word(byte) || byte == b'.' || byte == b'~'
}

fn is_jwt_byte(byte: u8) -> bool {
    is_word(byte) || byte == b'.'
}

fn has_digit(whole: &[u8]) -> bool {
    whole.iter().any(u8::is_ascii_digit)
}

/// 40 random characters without a capital or without a small letter do not happen.
fn is_mixed(whole: &[u8]) -> bool {
    let rest = slice(whole, 4, whole.len());
    rest.iter().any(u8::is_ascii_uppercase) && rest.iter().any(u8::is_ascii_lowercase)
}

/// Signed: a header and a claim set, both JSON objects. Encrypted: a header and four more parts.
fn is_jwt(whole: &[u8]) -> bool {
    let mut parts = whole.split(|&byte| byte == b'.');
    let header = parts.next().unwrap_or_default();
    let second = parts.next().unwrap_or_default();
    let more = parts.count();
    header.len() >= 10 && (more >= 1 && second.starts_with(b"eyJ") || more == 3)
}

fn is_sendgrid(whole: &[u8]) -> bool {
    let mut parts = whole.split(|&byte| byte == b'.').map(<[u8]>::len);
    [parts.next(), parts.next(), parts.next(), parts.next()] == [Some(2), Some(22), Some(43), None]
}
