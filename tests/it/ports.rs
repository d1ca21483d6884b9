//! A port that is taken ends a start with one sentence that says what to do.

use std::time::Duration;

use kubently_tests::guard::Ending;
use kubently_tests::product::{Gateway, Worker};
use kubently_tests::world::World;

/// One that does not see it never ends; a loaded machine takes its time to start one.
const ENDS: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_ends_the_start_with_the_setting_to_change() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let taken = world.gateway.url();
    let taken = taken.rsplit(':').next().unwrap();
    for of in ["api", "admin"] {
        let setting = format!("KUBENTLY_{}_PORT", of.to_uppercase());
        let mut second = Gateway::launch(&hub, &[&world.key], &[(&setting, taken)])
            .await
            .unwrap();
        let ending = second.process.wait(ENDS).await.unwrap();
        let said = second.process.logs();
        assert_eq!(ending, Ending::Code(69), "{said}");
        let sentence = format!("end what uses it, or set {of}_host and {of}_port");
        assert!(said.contains(&sentence), "{said}");
        assert!(said.contains(taken), "{said}");
    }
    let kubeconfig = world.kubernetes.worker_kubeconfig();
    let settings = [("KUBENTLY_ADMIN_PORT", taken)];
    let mut worker = Worker::launch(&hub, &world.cluster_id, "second", &kubeconfig, &settings)
        .await
        .unwrap();
    let ending = worker.process.wait(ENDS).await.unwrap();
    let said = worker.process.logs();
    assert_ne!(ending, Ending::Code(0), "{said}");
    assert!(
        said.contains("end what uses it, or set admin_host and admin_port"),
        "{said}"
    );
}
