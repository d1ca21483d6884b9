use super::*;
use crate::name::Namespace;

fn parse(line: &str) -> Result<Command, Refusal> {
    parse_in(line, None)
}

/// Parses a line whose words are separated by `|`, the first of which is the verb.
fn parse_in(line: &str, namespace: Option<&str>) -> Result<Command, Refusal> {
    let mut words = line.split('|').map(str::to_owned);
    let verb: Verb = words.next().unwrap().parse()?;
    Command::parse(verb, &words.collect::<Vec<_>>(), namespace)
}

fn canonical(line: &str) -> String {
    parse(line)
        .unwrap_or_else(|refusal| panic!("{line}: {refusal:?}"))
        .canonical_args()
        .join(" ")
}

fn code(line: &str) -> RefusalCode {
    match parse(line) {
        Err(refusal) => refusal.code,
        Ok(command) => panic!("{line}: {command:?}"),
    }
}

#[test]
fn all_spellings_of_a_flag_have_one_canonical_form() {
    for (line, expected) in [
        ("get|pods|-o|wide", "pods --output=wide"),
        ("get|-owide|pods", "pods --output=wide"),
        ("get|pods|-o=wide", "pods --output=wide"),
        ("get|get|pods|--output|wide", "pods --output=wide"),
        ("get|pods|-Aowide", "pods --all-namespaces --output=wide"),
        ("get|pods|--all_namespaces=1", "pods --all-namespaces"),
        ("get|pods|-A=false|--no-headers=F", "pods"),
        ("get|pods|-n|default", "pods"),
        ("get|pods|-nkube-system", "pods --namespace=kube-system"),
        ("get|pods|-o|YAML|--chunk-size=500", "pods --output=yaml"),
        ("get|pods|-La,b|-L|c", "pods --label-columns=a,b,c"),
        (
            "get|pods|-l| app in (a, b) ",
            "pods --selector=app in (a, b)",
        ),
        ("get|pod/delete|svc/x", "pod/delete svc/x"),
        ("get|pod|exec", "pod exec"),
        ("get|get|get|pods", "get get pods"),
        (
            "describe|pods|web|--show-events=false",
            "pods web --show-events=false",
        ),
        (
            "logs|deploy/web|app|-fp",
            "deploy/web --container=app --follow --previous",
        ),
        (
            "logs|web|--tail|-1|--since=90m",
            "web --tail=-1 --since=1h30m0s",
        ),
        (
            "logs|web|--since-time=2026-01-31T10:00:00+02:00",
            "web --since-time=2026-01-31T08:00:00Z",
        ),
        ("logs|web|--since=0", "web"),
        ("logs|logs|logs", "logs logs"),
        ("top|po|--use-protocol-buffers", "pods"),
        ("top|no|-n|x|--sort-by=cpu", "nodes --sort-by=cpu"),
        (
            "events|--types=warning,Warning|--types|normal",
            "--types=Warning,Normal",
        ),
        (
            "events|--for|Deploy.v1.apps/web",
            "--for=Deploy.v1.apps/web",
        ),
        ("version|version|-n|x|--client", "--client"),
        (
            "api-resources|--api-group=|--namespaced=0",
            "--api-group= --namespaced=false",
        ),
    ] {
        assert_eq!(canonical(line), expected, "{line}");
    }
}

#[test]
fn what_kubectl_would_guess_is_refused() {
    use RefusalCode as C;
    for (line, expected) in [
        (
            "get|pods|--no-headers|false|x|delete",
            C::ForbiddenVerbToken,
        ),
        ("get|pods|--out=wide", C::FlagNotAllowed),
        ("get|pods|--Output=wide", C::FlagNotAllowed),
        ("get|pods|---o=x", C::FlagNotAllowed),
        ("get|pods|-A=", C::FlagNotAllowed),
        ("get|pods|-o", C::MissingFlagValue),
        ("get|pods|--chunk-size", C::MissingFlagValue),
        ("get|pods|-n|--server=x", C::FlagValueLooksLikeFlag),
        ("get|pods|-n|-", C::FlagValueLooksLikeFlag),
        ("logs|web|--tail|-x", C::FlagValueLooksLikeFlag),
        ("get|pods|-A|-A", C::DuplicateFlag),
        ("get|pods|-l|a|--selector=b", C::DuplicateFlag),
        ("get|pods|-Aof", C::BadOutput),
        ("get|pods|-Af", C::FlagNotAllowed),
        ("logs|web|-A", C::FlagNotAllowed),
        ("get|pods|-", C::BadName),
        ("get|-", C::BadResource),
        ("get|pods|-o|jsonpath", C::BadOutput),
        ("get|pods|-o|jsonpath=", C::BadOutput),
        ("get|pods|-o|json=x", C::BadOutput),
        ("get|pods|-o|Wide", C::BadOutput),
        ("get|pods|--sort-by={..a..b..c}", C::JsonpathRecursion),
        (
            "get|pods|-o|custom-columns=A:..a..b..c",
            C::JsonpathRecursion,
        ),
        ("events|-o|wide", C::BadOutput),
        ("version|-o|JSON", C::BadOutput),
        ("api-resources|-o|jsonpath={.a}", C::BadOutput),
        ("get|pods|--chunk-size=1001", C::BadFlagValue),
        ("get|pods|--sort-by=", C::BadFlagValue),
        ("get|pods|-L|a,", C::BadFlagValue),
        ("get|pods|--selector=", C::BadSelector),
        ("get|pods|-l|  ", C::BadSelector),
        ("get|pods|--namespace=", C::BadNamespace),
        ("get|pods|--chunk-size=0x10", C::BadFlagValue),
        ("get|pods|--chunk-size|-1", C::FlagValueLooksLikeFlag),
        ("logs|web|--since=5", C::BadFlagValue),
        ("logs|web|--since=-5m", C::BadFlagValue),
        (
            "logs|web|--since-time=2026-01-31t08:00:00z",
            C::BadFlagValue,
        ),
        (
            "logs|web|--since-time=2026-01-31 08:00:00Z",
            C::BadFlagValue,
        ),
        ("logs|web|--pod-running-timeout=0s", C::BadFlagValue),
        ("logs|web|--max-log-requests=0", C::BadFlagValue),
        ("logs|web|app|-c|app", C::ConflictingFlags),
        ("logs|web|-l|app=web", C::ConflictingFlags),
        ("logs|web|-c|app|--all-containers", C::ConflictingFlags),
        ("logs|web|app|--all-containers", C::ConflictingFlags),
        ("logs|-l|app=web|--tail=-2", C::BadFlagValue),
        ("logs|--tail=1", C::MissingResource),
        ("describe|-A", C::MissingResource),
        ("top|nodes|-A", C::FlagNotAllowed),
        ("top|pods|--show-capacity", C::FlagNotAllowed),
        ("top|pods|a|b", C::UnexpectedPositional),
        ("top|pods|a|-l|x=y", C::ConflictingFlags),
        ("top|pods|--sort-by=name", C::BadFlagValue),
        ("top|pvc", C::BadResource),
        ("version|now", C::UnexpectedPositional),
        ("api-resources|--sort-by=group", C::BadFlagValue),
        ("api-resources|--verbs=list,", C::BadFlagValue),
    ] {
        assert_eq!(code(line), expected, "{line}");
    }
}

#[test]
fn types_and_names_that_could_leave_their_path_are_refused() {
    use RefusalCode as C;
    for (line, expected) in [
        ("get|pods,,svc", C::BadResource),
        ("get|pods,svc/web", C::BadResource),
        ("get|/web", C::BadResource),
        ("get|pods/", C::BadName),
        ("get|pods|pods/web", C::BadName),
        ("get|pods/web|svc", C::BadResource),
        ("get|pods/a?b", C::BadName),
        ("get|pods/log", C::SubresourceNotAllowed),
        ("get|pods/Proxy", C::SubresourceNotAllowed),
        ("events|--for=pod/exec", C::SubresourceNotAllowed),
        ("events|--for=pod/a%2f", C::BadFlagValue),
        ("get|exec|web", C::ForbiddenVerbToken),
        ("get|kubectl|pods", C::BadResource),
        ("get|pods|web|--subresource=log", C::SubresourceNotAllowed),
    ] {
        assert_eq!(code(line), expected, "{line}");
    }
    let types = vec!["a"; 65].join(",");
    assert_eq!(code(&format!("get|{types}")), C::BadResource);
}

#[test]
fn secrets_are_denied_in_every_spelling_and_let_through_on_request() {
    for line in [
        "get|secret",
        "get|SECRETS",
        "get|Secret|x",
        "get|secrets.v1.",
        "get|secrets.v1.core",
        "get|secrets.core",
        "get|pods,secrets.v1.",
        "get|secret/x",
        "get|pod/a|Secrets/b",
        "get|pods|secrets/db",
        "describe|secret|x",
        "describe|secrets.v1./x",
        "logs|secret/x",
        "top|secrets",
        "events|--for=secret/x",
        "events|--for|Secrets.v1./x",
        "get|secrets|-o|xml",
    ] {
        assert_eq!(code(line), RefusalCode::ResourceDenied, "{line}");
    }
    for line in [
        "get|sealedsecrets.bitnami.com",
        "get|externalsecrets",
        "get|pods|secrets",
        "logs|secret",
        "get|secretstores.external-secrets.io",
        "get|pods|-n|secrets",
        "get|pod/secret",
    ] {
        assert!(parse(line).is_ok(), "{line}");
    }
    let args = ["secrets".to_owned()];
    assert!(Command::parse_with(Verb::Get, &args, None, Secrets::Redact).is_ok());
}

#[test]
fn the_request_and_the_flags_agree_on_the_namespace() {
    let scope = |line, field| parse_in(line, field).map(|command| command.scope().clone());
    let named = |name| Ok(Scope::Namespace(Namespace::new(name).unwrap()));
    assert_eq!(scope("get|pods", None), Ok(Scope::Default));
    assert_eq!(scope("get|pods", Some("default")), Ok(Scope::Default));
    assert_eq!(scope("get|pods", Some("team-a")), named("team-a"));
    assert_eq!(
        scope("get|pods|-n|team-b", Some("default")),
        named("team-b")
    );
    assert_eq!(scope("get|pods|-n|team-a", Some("team-a")), named("team-a"));
    assert_eq!(scope("get|pods|-A", Some("default")), Ok(Scope::All));
    assert_eq!(scope("get|pods|-A|-n|x", None), Ok(Scope::All));
    for line in [
        "get|pods|-n|team-b",
        "get|pods|-n|default",
        "get|pods|-A",
        "version|-n|b",
    ] {
        let refusal = parse_in(line, Some("team-a")).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NamespaceConflict, "{line}");
    }
    let refusal = parse_in("version", Some("../x")).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.pointer),
        (RefusalCode::BadNamespace, Some("/namespace".into()))
    );
}

#[test]
fn refusals_say_where_and_what_instead() {
    let refusal = parse("get|pods|--server=https://evil.example").unwrap_err();
    assert_eq!(
        serde_json::to_value(&refusal).unwrap(),
        serde_json::json!({
            "code": "flag_not_allowed",
            "message": "flag --server is not allowed: kubently only reads, through the worker's \
                        own access; remove it",
            "argument": "--server=https://evil.example",
            "hint": "kubently only reads, through the worker's own access; remove it",
            "pointer": "/args/1",
        })
    );
    let hint = |line| parse(line).unwrap_err().hint.unwrap();
    assert_eq!(
        hint("get|pods|--slector=x"),
        "the nearest allowed flag is --selector"
    );
    assert_eq!(
        hint("get|pods|-N|x"),
        "the nearest allowed flag is --namespace"
    );
    assert!(hint("version|--zzzzzzzz").contains("--client"));
    assert!(hint("get|pods|-w").contains("logs --follow"));
    assert_eq!(
        hint("get|pods/exec"),
        "an object of that name is two arguments: pods exec"
    );
}

#[test]
fn the_sizes_are_bounded_as_sent() {
    let args = |count: usize, bytes: usize| vec!["a".repeat(bytes); count];
    let code = |args: &[String]| Command::parse(Verb::Get, args, None).map_err(|r| r.code);
    assert!(code(&args(20, 1)).is_ok());
    assert_eq!(code(&args(21, 1)), Err(RefusalCode::TooManyArgs));
    assert_eq!(code(&args(1, 2049)), Err(RefusalCode::ArgTooLong));
    assert_eq!(code(&args(5, 2048)), Err(RefusalCode::ArgsTooLong));
    assert_eq!(code(&[]), Err(RefusalCode::MissingResource));
    assert!(Command::parse(Verb::Events, &[], None).is_ok());
    // One argument that is two: the canonical form would have 21.
    let mut names = args(19, 1);
    names.push("-Aowide".to_owned());
    assert_eq!(code(&names), Err(RefusalCode::TooManyArgs));
}
