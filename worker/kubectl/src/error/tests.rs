use super::*;

fn status(reason: &str, message: &str, code: u16) -> Error {
    Error::Status(Box::new(Status {
        status: "Failure".into(),
        reason: reason.into(),
        message: message.into(),
        details: None,
        code,
    }))
}

#[test]
fn a_single_error_has_its_prefix() {
    assert_eq!(
        render(&[status("NotFound", r#"pods "x" not found"#, 404)]),
        "Error from server (NotFound): pods \"x\" not found\n"
    );
    assert_eq!(
        render(&[status("", "boom", 500)]),
        "Error from server: boom\n"
    );
    assert_eq!(
        render(&[status("Unauthorized", "Unauthorized", 401)]),
        "error: You must be logged in to the server (Unauthorized)\n"
    );
    assert_eq!(render(&[Error::Usage("no".into())]), "error: no\n");
    assert_eq!(
        render(&[Error::ConnectionRefused {
            server: "127.0.0.1:1".into()
        }]),
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or \
         port?\n"
    );
}

#[test]
fn several_errors_have_a_line_each() {
    assert_eq!(
        render(&[status("NotFound", "a", 404), Error::Usage("b".into())]),
        "Error from server (NotFound): a\nb\n"
    );
    assert_eq!(render(&[]), "");
}

#[test]
fn an_invalid_object_is_told_field_by_field() {
    let mut status = Status {
        reason: "Invalid".into(),
        details: Some(StatusDetails {
            kind: "Pod".into(),
            name: "x".into(),
            causes: Some(vec![StatusCause {
                field: "a".into(),
                message: "b".into(),
            }]),
        }),
        ..Status::default()
    };
    assert_eq!(
        render(&[Error::Status(Box::new(status.clone()))]),
        "The Pod \"x\" is invalid: a: b\n"
    );
    if let Some(causes) = status
        .details
        .as_mut()
        .and_then(|details| details.causes.as_mut())
    {
        causes.push(StatusCause {
            field: "c".into(),
            message: "d".into(),
        });
        causes.push(StatusCause {
            field: "c".into(),
            message: "d".into(),
        });
    }
    assert_eq!(
        render(&[Error::Status(Box::new(status))]),
        "The Pod \"x\" is invalid: \n* a: b\n* c: d\n"
    );
}

#[test]
fn an_answer_without_a_status_gets_the_words_of_its_code() {
    let not_found = Status::generic(404, "pods", "x", "");
    assert_eq!(
        not_found.message,
        "the server could not find the requested resource (get pods x)"
    );
    assert!(not_found.is_not_found());
    let broken = Status::generic(500, "deployments.apps", "", "oh \"no\"");
    assert_eq!(
        broken.message,
        "an error on the server (\"oh \\\"no\\\"\") has prevented the request from succeeding \
         (get deployments.apps)"
    );
}
