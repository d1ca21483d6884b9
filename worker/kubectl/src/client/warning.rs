//! `Warning` response headers: `299 - "text"`, as RFC 7234 §5.5 and client-go read them.

/// The texts of all warnings with code 299 in one header value.
pub(crate) fn parse(header: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut rest = header.trim();
    while let Some((code, text, after)) = next(rest) {
        if code == "299" && !text.is_empty() {
            warnings.push(text);
        }
        rest = after;
    }
    warnings
}

/// The code and text of the first warning, and what follows it. Nothing for a malformed one.
fn next(header: &str) -> Option<(&str, String, &str)> {
    let (code, rest) = header.split_once(' ')?;
    let (agent, rest) = rest.split_once(' ')?;
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_digit()) || agent.is_empty() {
        return None;
    }
    let (text, mut rest) = quoted(rest)?;
    if text.chars().any(char::is_control) {
        return None;
    }
    // A date may follow, in quotes of its own.
    if let Some(date) = rest.strip_prefix('"') {
        rest = date.split_once('"')?.1.trim();
    }
    if rest.is_empty() {
        return Some((code, text, ""));
    }
    Some((code, text, rest.strip_prefix(',')?.trim()))
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut unquoted = String::new();
    let mut characters = text.strip_prefix('"')?.chars();
    loop {
        match characters.next()? {
            '"' => return Some((unquoted, characters.as_str().trim())),
            '\\' => unquoted.push(characters.next()?),
            character => unquoted.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_code_299_are_read() {
        assert_eq!(
            parse(r#"299 - "v1 Endpoints is deprecated""#),
            ["v1 Endpoints is deprecated"]
        );
        assert_eq!(
            parse(r#"299 - "a \"b\" \\" "Sat, 25 Aug 2012 23:34:45 GMT", 199 x "no", 299 - "c""#),
            [r#"a "b" \"#, "c"]
        );
    }

    #[test]
    fn malformed_warnings_are_ignored() {
        for header in [
            "",
            "299",
            "299 -",
            "299 - text",
            r#"299 - "open"#,
            r#"2999 - "x""#,
        ] {
            assert!(parse(header).is_empty(), "{header}");
        }
    }
}
