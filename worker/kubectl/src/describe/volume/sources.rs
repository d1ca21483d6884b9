//! The sources of volumes as data.

/// A kind of source.
#[derive(Debug)]
pub(super) struct Source {
    /// The field that holds it.
    pub(super) field: &'static str,
    /// What it is.
    pub(super) sentence: &'static str,
    pub(super) rows: &'static [Row],
    /// Those of a `PersistentVolume`, where they are others.
    pub(super) persistent: Option<&'static [Row]>,
}

/// The label, the field and how it is written.
pub(super) type Row = (&'static str, &'static str, Form);

/// How a field is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Text,
    Int,
    Truth,
    /// As it is, or this.
    Or(&'static str),
    /// `[a b]`
    List,
    /// `a, b`
    Joined,
    /// `map[k:v]`
    Map,
    /// A secret of the same namespace, as Go prints a reference.
    Local,
    /// A secret of any namespace.
    Secret,
    /// A size, where it is one.
    Limit,
}

use Form::{Int, Joined, Limit, List, Local, Map, Or, Secret, Text, Truth};

const FS_TYPE: Row = ("FSType:", "fsType", Text);
const READ_ONLY: Row = ("ReadOnly:", "readOnly", Truth);
const PARTITION: Row = ("Partition:", "partition", Int);
const VOLUME_ID: Row = ("VolumeID:", "volumeID", Text);
const LOCAL: Row = ("SecretRef:", "secretRef", Local);
const SECRET: Row = ("SecretRef:", "secretRef", Secret);
const OPTIONAL: Row = ("Optional:", "optional", Truth);
const PATH: Row = ("Path:", "path", Text);

const fn source(field: &'static str, sentence: &'static str, rows: &'static [Row]) -> Source {
    Source {
        field,
        sentence,
        rows,
        persistent: None,
    }
}

impl Source {
    const fn persistent(mut self, rows: &'static [Row]) -> Self {
        self.persistent = Some(rows);
        self
    }
}

/// In the order in which kubectl looks for them.
pub(super) const SOURCES: &[Source] = &[
    source(
        "hostPath",
        "HostPath (bare host directory volume)",
        &[PATH, ("HostPathType:", "type", Or("<none>"))],
    ),
    source(
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        &[("Medium:", "medium", Text), ("SizeLimit:", "sizeLimit", Limit)],
    ),
    source(
        "gcePersistentDisk",
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        &[("PDName:", "pdName", Text), FS_TYPE, PARTITION, READ_ONLY],
    ),
    source(
        "awsElasticBlockStore",
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        &[VOLUME_ID, FS_TYPE, PARTITION, READ_ONLY],
    ),
    source(
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        &[("Repository:", "repository", Text), ("Revision:", "revision", Text)],
    ),
    source(
        "secret",
        "Secret (a volume populated by a Secret)",
        &[("SecretName:", "secretName", Text), OPTIONAL],
    ),
    source(
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        &[("Name:", "name", Text), OPTIONAL],
    ),
    source(
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[("Server:", "server", Text), PATH, READ_ONLY],
    ),
    source(
        "iscsi",
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        ISCSI,
    )
    .persistent(ISCSI_PERSISTENT),
    source(
        "glusterfs",
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        &[("EndpointsName:", "endpoints", Text), PATH, READ_ONLY],
    )
    .persistent(&[
        ("EndpointsName:", "endpoints", Text),
        ("EndpointsNamespace:", "endpointsNamespace", Or("<unset>")),
        PATH,
        READ_ONLY,
    ]),
    source(
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[("ClaimName:", "claimName", Text), READ_ONLY],
    ),
    source(
        "ephemeral",
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
        &[],
    ),
    source(
        "rbd",
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        RBD,
    )
    .persistent(RBD_PERSISTENT),
    source(
        "quobyte",
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        &[("Registry:", "registry", Text), ("Volume:", "volume", Text), READ_ONLY],
    ),
    source(
        "downwardAPI",
        "DownwardAPI (a volume populated by information about the pod)",
        &[],
    ),
    source(
        "azureDisk",
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        &[
            ("DiskName:", "diskName", Text),
            ("DiskURI:", "diskURI", Text),
            ("Kind: ", "kind", Text),
            FS_TYPE,
            ("CachingMode:", "cachingMode", Text),
            READ_ONLY,
        ],
    ),
    source(
        "vsphereVolume",
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        &[
            ("VolumePath:", "volumePath", Text),
            FS_TYPE,
            ("StoragePolicyName:", "storagePolicyName", Text),
        ],
    ),
    source(
        "cinder",
        "Cinder (a Persistent Disk resource in OpenStack)",
        &[VOLUME_ID, FS_TYPE, READ_ONLY, LOCAL],
    )
    .persistent(&[VOLUME_ID, FS_TYPE, READ_ONLY, SECRET]),
    source(
        "photonPersistentDisk",
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        &[("PdID:", "pdID", Text), FS_TYPE],
    ),
    source(
        "portworxVolume",
        "PortworxVolume (a Portworx Volume resource)",
        &[VOLUME_ID],
    ),
    source(
        "scaleIO",
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        &[
            ("Gateway:", "gateway", Text),
            ("System:", "system", Text),
            ("Protection Domain:", "protectionDomain", Text),
            ("Storage Pool:", "storagePool", Text),
            ("Storage Mode:", "storageMode", Text),
            ("VolumeName:", "volumeName", Text),
            FS_TYPE,
            READ_ONLY,
        ],
    )
    .persistent(&[
        ("Gateway:", "gateway", Text),
        ("System:", "system", Text),
        ("Protection Domain:", "protectionDomain", Text),
        ("Storage Pool:", "storagePool", Text),
        ("Storage Mode:", "storageMode", Text),
        ("VolumeName:", "volumeName", Text),
        ("SecretName:", "secretRef.name", Text),
        ("SecretNamespace:", "secretRef.namespace", Text),
        FS_TYPE,
        READ_ONLY,
    ]),
    source(
        "cephfs",
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        CEPHFS,
    )
    .persistent(CEPHFS_PERSISTENT),
    source(
        "storageos",
        "StorageOS (a StorageOS Persistent Disk resource)",
        &[
            ("VolumeName:", "volumeName", Text),
            ("VolumeNamespace:", "volumeNamespace", Text),
            FS_TYPE,
            READ_ONLY,
        ],
    ),
    source(
        "fc",
        "FC (a Fibre Channel disk)",
        &[
            ("TargetWWNs:", "targetWWNs", Joined),
            ("LUN:", "lun", Or("<none>")),
            FS_TYPE,
            READ_ONLY,
        ],
    ),
    source(
        "azureFile",
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        &[
            ("SecretName:", "secretName", Text),
            ("ShareName:", "shareName", Text),
            READ_ONLY,
        ],
    )
    .persistent(&[
        ("SecretName:", "secretName", Text),
        ("SecretNamespace:", "secretNamespace", Text),
        ("ShareName:", "shareName", Text),
        READ_ONLY,
    ]),
    source(
        "flexVolume",
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        &[
            ("Driver:", "driver", Text),
            FS_TYPE,
            LOCAL,
            READ_ONLY,
            ("Options:", "options", Map),
        ],
    )
    .persistent(&[
        ("Driver:", "driver", Text),
        FS_TYPE,
        SECRET,
        READ_ONLY,
        ("Options:", "options", Map),
    ]),
    source(
        "flocker",
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        &[
            ("DatasetName:", "datasetName", Text),
            ("DatasetUUID:", "datasetUUID", Text),
        ],
    ),
    source(
        "projected",
        "Projected (a volume that contains injected data from multiple sources)",
        &[],
    ),
    source(
        "csi",
        "CSI (a Container Storage Interface (CSI) volume source)",
        &[("Driver:", "driver", Text), FS_TYPE, READ_ONLY],
    )
    .persistent(&[
        ("Driver:", "driver", Text),
        FS_TYPE,
        ("VolumeHandle:", "volumeHandle", Text),
        READ_ONLY,
    ]),
    source(
        "image",
        "Image (a container image or OCI artifact)",
        &[("Reference:", "reference", Text), ("PullPolicy:", "pullPolicy", Text)],
    ),
    source(
        "local",
        "LocalVolume (a persistent volume backed by local storage on a node)",
        &[PATH],
    ),
];

/// One label has no colon.
const ISCSI: &[Row] = &iscsi(LOCAL);
const ISCSI_PERSISTENT: &[Row] = &iscsi(SECRET);

const fn iscsi(secret: Row) -> [Row; 11] {
    [
        ("TargetPortal:", "targetPortal", Text),
        ("IQN:", "iqn", Text),
        ("Lun:", "lun", Int),
        ("ISCSIInterface", "iscsiInterface", Text),
        FS_TYPE,
        READ_ONLY,
        ("Portals:", "portals", List),
        ("DiscoveryCHAPAuth:", "chapAuthDiscovery", Truth),
        ("SessionCHAPAuth:", "chapAuthSession", Truth),
        secret,
        ("InitiatorName:", "initiatorName", Or("<none>")),
    ]
}

const RBD: &[Row] = &rbd(LOCAL);
const RBD_PERSISTENT: &[Row] = &rbd(SECRET);

const fn rbd(secret: Row) -> [Row; 8] {
    [
        ("CephMonitors:", "monitors", List),
        ("RBDImage:", "image", Text),
        FS_TYPE,
        ("RBDPool:", "pool", Text),
        ("RadosUser:", "user", Text),
        ("Keyring:", "keyring", Text),
        secret,
        READ_ONLY,
    ]
}

const CEPHFS: &[Row] = &cephfs(LOCAL);
const CEPHFS_PERSISTENT: &[Row] = &cephfs(SECRET);

const fn cephfs(secret: Row) -> [Row; 6] {
    [
        ("Monitors:", "monitors", List),
        PATH,
        ("User:", "user", Text),
        ("SecretFile:", "secretFile", Text),
        secret,
        READ_ONLY,
    ]
}
