use super::*;

fn run() -> Run {
    Run {
        job: "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap(),
        attempt: 1,
        run: "7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90".parse().unwrap(),
        execution_time_ms: 12,
        executed_at: serde_json::from_str("\"2026-11-23T08:00:00Z\"").unwrap(),
        worker: "worker-1".parse().unwrap(),
        policy_hash: "00".to_owned(),
    }
}

fn ended(stdout: Vec<u8>, stderr: &[u8]) -> Ended {
    Ended::completed(0, stdout, stderr.to_vec())
}

#[test]
fn a_small_output_stands_in_the_result() {
    let (chunks, result) = CommandResult::of(run(), &ended(b"out\n".to_vec(), b"\xffwarning"));
    assert!(chunks.is_empty() && result.success);
    assert_eq!(result.output.as_deref(), Some("out\n"));
    assert!(result.error.is_none() && result.error_b64.is_some());
    let json = serde_json::to_vec(&result).unwrap();
    let read: CommandResult = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        read.inline_output(),
        Some((b"out\n".to_vec(), b"\xffwarning".to_vec()))
    );
}

#[test]
fn a_large_output_goes_ahead_in_chunks_and_is_checked_whole() {
    let stdout = vec![b'x'; MAX_INLINE * 2 + 1];
    let (chunks, result) = CommandResult::of(run(), &ended(stdout.clone(), b"e"));
    assert_eq!(
        chunks.iter().map(|chunk| chunk.n).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(result.events, 4);
    assert_eq!(result.inline_output(), None);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for event in chunks {
        let EventKind::Output(chunk) = event.kind else {
            panic!("not a chunk")
        };
        match chunk.stream {
            OutputStream::Stdout => out.extend(chunk.bytes().unwrap()),
            OutputStream::Stderr => err.extend(chunk.bytes().unwrap()),
        }
    }
    assert!(result.is_output(&out, &err));
    assert!(!result.is_output(&out, b""));
}

#[test]
fn the_largest_inline_result_fits_a_message() {
    let (_, result) = CommandResult::of(run(), &ended(vec![0xff; MAX_INLINE], b""));
    assert!(serde_json::to_vec(&result).unwrap().len() < 1024 * 1024);
    let (_, result) = CommandResult::of(run(), &ended(vec![1; MAX_INLINE], b""));
    assert!(serde_json::to_vec(&result).unwrap().len() < 1024 * 1024);
}

#[test]
fn a_command_that_ran_and_failed_is_completed_without_success() {
    let mut failed = ended(Vec::new(), b"Error from server (NotFound)");
    failed.exit_code = Some(1);
    let (_, result) = CommandResult::of(run(), &failed);
    assert_eq!(result.status, FinalStatus::Completed);
    assert_eq!(result.execution_status(), ExecutionStatus::Failure);
}

#[test]
fn what_was_told_while_it_ran_is_named_and_the_rest_goes_on_from_it() {
    let mut told = Told::default();
    let first = told.add(OutputStream::Stdout, b"one\n");
    let second = told.add(OutputStream::Stderr, b"note\n");
    assert_eq!((first, second), (1, 2));
    let rest = Ended {
        told,
        ..ended(b"two\n".to_vec(), b"bye\n")
    };
    let (chunks, result) = CommandResult::of(run(), &rest);
    let numbers: Vec<_> = chunks.iter().map(|event| event.n).collect();
    assert_eq!((numbers, result.events), (vec![3, 4], 4));
    assert_eq!((result.stdout_bytes, result.stderr_bytes), (8, 9));
    assert!(result.is_output(b"one\ntwo\n", b"note\nbye\n"));
    assert_eq!(result.inline_output(), None);
}
