//! What must be refused. `MARK` stands for a text that no other test uses.

/// One command that must be refused.
#[derive(Debug)]
pub(super) struct Case {
    /// The verb.
    pub(super) verb: &'static str,
    /// Its arguments.
    pub(super) args: &'static [&'static str],
    /// The namespace field.
    pub(super) namespace: Option<&'static str>,
    /// The problem's code.
    pub(super) code: &'static str,
}

const fn get(args: &'static [&'static str], code: &'static str) -> Case {
    Case {
        verb: "get",
        args,
        namespace: None,
        code,
    }
}

const fn within(namespace: &'static str) -> Case {
    Case {
        verb: "get",
        args: &["pods", "MARK"],
        namespace: Some(namespace),
        code: "bad_namespace",
    }
}

/// Names, types and namespaces that would be another path, if they were put into one.
pub(super) const ESCAPES: &[Case] = &[
    get(&["pods", "../secrets/db-MARK"], "bad_name"),
    get(&["pods", "../../../../MARK"], "bad_name"),
    get(&["pods", "web-MARK/exec?command=id"], "bad_name"),
    get(&["pods", "web-MARK?watch=true"], "bad_name"),
    get(&["pods", "web-MARK#x"], "bad_name"),
    get(&["pods", "%2e%2e-MARK"], "bad_name"),
    get(&["pods", "%2e%2e%2fsecrets%2fdb-MARK"], "bad_name"),
    get(&["pods", "..%2Fsecrets%2Fdb-MARK"], "bad_name"),
    get(&["pods", "web-MARK\\..\\x"], "bad_name"),
    get(&["pods", "web-MARK;id"], "bad_name"),
    get(&["pods", "web-MARK x"], "bad_name"),
    get(&["pods", "web-MARK&x=1"], "bad_name"),
    get(&["pods", "web..MARK"], "bad_name"),
    get(&["pods", "web-MARK\r\nHost: x"], "control_char"),
    get(&["pods", "web-MARK\0"], "control_char"),
    get(&["pods", "web-MARK\u{2044}x"], "non_ascii"),
    get(&["pods", "web", "../MARK"], "bad_name"),
    get(&["pods/web-MARK/exec"], "bad_name"),
    get(&["pods/web-MARK/log"], "bad_name"),
    get(&["pods/../MARK"], "bad_name"),
    get(&["pod/MARK", "pods/web-MARK/attach"], "bad_name"),
    get(&["nodes/MARK/proxy/exec/default/web/app"], "bad_name"),
    get(&["services/MARK/proxy"], "bad_name"),
    get(&["pods%2f..%2fMARK"], "bad_resource"),
    get(&["pods?MARK"], "bad_resource"),
    get(&["pods#MARK"], "bad_resource"),
    get(&["../MARK"], "bad_resource"),
    get(&["pods,../MARK"], "bad_resource"),
    get(&["pods..MARK"], "bad_resource"),
    get(&["pods.v1/../MARK.x"], "bad_name"),
    get(&["pods", "MARK", "-n", "a/b"], "bad_namespace"),
    get(&["pods", "MARK", "-n", "a?b"], "bad_namespace"),
    get(&["pods", "MARK", "--namespace=.."], "bad_namespace"),
    get(&["pods", "MARK", "-n", "%2e%2e"], "bad_namespace"),
    get(&["--raw=/api/v1/MARK"], "flag_not_allowed"),
    get(&["pods", "MARK", "--raw", "/api"], "flag_not_allowed"),
    get(&["pods", "MARK", "--as=admin"], "flag_not_allowed"),
    get(&["pods", "MARK", "-s", "https://x"], "flag_not_allowed"),
    get(&["pods", "MARK", "-w"], "flag_not_allowed"),
    get(&["pods", "MARK", "--", "x"], "double_dash"),
    within("kube-system/secrets?x="),
    within("../kube-system"),
    within("a/b"),
    within("a?b"),
    within("a#b"),
    within("%2e%2e"),
    within(".."),
    within(""),
    within("a b"),
];

const DENIED: &str = "resource_denied";

/// Secrets, however they are spelled.
pub(super) const SECRETS: &[Case] = &[
    get(&["secrets"], DENIED),
    get(&["secret"], DENIED),
    get(&["Secret"], DENIED),
    get(&["SECRETS"], DENIED),
    get(&["sEcReT", "db"], DENIED),
    get(&["secrets.v1."], DENIED),
    get(&["secrets.v1"], DENIED),
    get(&["secret.v1.", "db"], DENIED),
    get(&["Secret.v1./db"], DENIED),
    get(&["secrets/db"], DENIED),
    get(&["secret/db", "pod/web"], DENIED),
    get(&["pod/web", "Secrets/db"], DENIED),
    get(&["po,secret"], DENIED),
    get(&["secrets,pods"], DENIED),
    get(&["pods,svc,SeCrEtS", "-A"], DENIED),
    get(&["po,secrets.v1.", "-o", "json"], DENIED),
    get(&["secrets", "-A", "-o", "yaml"], DENIED),
    get(&["-n", "kube-system", "secret", "x"], DENIED),
    get(&["get", "secrets"], DENIED),
    get(&["secrets", "--field-selector", "type=Opaque"], DENIED),
    get(&["secrets", "-l", "app=web", "-o", "name"], DENIED),
];

const fn write(verb: &'static str) -> Case {
    Case {
        verb,
        args: &["pods", "MARK"],
        namespace: None,
        code: "bad_command_type",
    }
}

/// What kubectl can do and Kubently has no word for.
pub(super) const WRITES: &[Case] = &[
    write("delete"),
    write("exec"),
    write("apply"),
    write("patch"),
    write("proxy"),
    write("cp"),
    write("GET"),
    write(""),
];
