//! The relaxed form of a path (kubectl `RelaxedJSONPathExpression`).

/// A path in braces that has more braces inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{{name1.name2}}' or \
     '{{.name1.name2}}'"
)]
pub struct NotRelaxed;

/// `{.a.b}` for `a.b`, `.a.b`, `{a.b}` and `{.a.b}`; nothing for nothing.
///
/// # Errors
/// [`NotRelaxed`].
pub fn relaxed(path: &str) -> Result<String, NotRelaxed> {
    if path.is_empty() {
        return Ok(String::new());
    }
    let inside = path
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let inside = inside.unwrap_or(path);
    if inside.is_empty() || inside.contains(['{', '}']) {
        return Err(NotRelaxed);
    }
    // A dot alone stays one.
    let fields = match inside.strip_prefix('.') {
        Some(rest) if !rest.is_empty() => rest,
        _ => inside,
    };
    Ok(format!("{{.{fields}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_path_becomes_the_whole_one() {
        for path in ["a.b", ".a.b", "{a.b}", "{.a.b}"] {
            assert_eq!(relaxed(path).as_deref(), Ok("{.a.b}"), "{path}");
        }
        assert_eq!(relaxed(".").as_deref(), Ok("{..}"));
        assert_eq!(relaxed("").as_deref(), Ok(""));
        for path in ["{}", "{.a}{.b}", "{", "a}", "{{a}}"] {
            assert_eq!(relaxed(path), Err(NotRelaxed), "{path}");
        }
    }
}
