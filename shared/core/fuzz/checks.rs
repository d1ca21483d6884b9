//! What must hold for every input, whoever makes it: the fuzzer, or the test that replays its seeds.

use kubently_core::command::Command;
use kubently_core::request::ExecuteCommandRequest;
use kubently_core::verb::Verb;

/// A body of `POST /v1/commands`.
pub(crate) fn request(bytes: &[u8]) -> bool {
    let Ok(request) = ExecuteCommandRequest::from_json(bytes) else {
        return false;
    };
    if let Ok(command) = request.command() {
        same_when_canonical(&command);
    }
    true
}

/// A verb (its first byte), a namespace (its first line) and arguments, a line each.
pub(crate) fn command(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else {
        return false;
    };
    let Some(verb) = Verb::ALL.get(usize::from(*first) % Verb::ALL.len()) else {
        return false;
    };
    let text = String::from_utf8_lossy(rest);
    let (namespace, args) = text.split_once('\n').unwrap_or(("", &text));
    let namespace = (!namespace.is_empty()).then_some(namespace);
    let args: Vec<String> = args.split('\n').map(str::to_owned).collect();
    match Command::parse(*verb, &args, namespace) {
        Ok(command) => {
            same_when_canonical(&command);
            true
        }
        Err(refusal) => {
            let told = refusal.to_string() + refusal.argument.as_deref().unwrap_or_default();
            assert!(
                told.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{told:?}"
            );
            false
        }
    }
}

/// The canonical arguments say the same command, and are canonical themselves.
fn same_when_canonical(command: &Command) {
    let canonical = command.canonical_args();
    let again = Command::parse(command.verb(), &canonical, None);
    assert_eq!(again.as_ref(), Ok(command), "{canonical:?}");
    assert_eq!(again.map(|again| again.canonical_args()), Ok(canonical));
    for resource in command.resources() {
        let text = resource.to_string();
        assert!(
            !text.contains(['/', '%', '?', '#']) && !text.contains(".."),
            "{text}"
        );
    }
}
