//! TLS to a real PostgreSQL server with a certificate of a root of our own: every `sslmode`.

use crate::backend::{is_postgres_left_out, postgres_client, postgres_run};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use store::{Store, StoreError};

/// Who may come in how: the database tells.
const RULES: &str = "\
    hostssl encrypted all 127.0.0.1/32 trust\n\
    hostnossl plain all 127.0.0.1/32 trust\n\
    hostssl password carol 127.0.0.1/32 scram-sha-256\n\
    host postgres all 127.0.0.1/32 trust\n\
    local all all trust\n";

/// A server in a temporary folder, with a certificate for `localhost`.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = folder.path().join("data");
        write_certificates(folder.path());
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // PostgreSQL refuses to run as root.
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(folder.path()));
        }
        let initdb = ["--auth=trust", "--username=baton", "--encoding=UTF8", "--locale=C", "-D"];
        run(as_postgres("initdb").args(initdb).arg(&data));
        fs::write(data.join("pg_hba.conf"), RULES).unwrap();
        let mut server = as_postgres("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        server.args(["-p", &port.to_string(), "-h", "127.0.0.1", "-c", "ssl=on"]);
        for file in ["cert", "key"] {
            let path = folder.path().join(file);
            server.arg("-c").arg(format!("ssl_{file}_file={}", path.display()));
        }
        let process = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, folder, port };
        server.wait_until_ready(&data).await;
        for sql in [
            "CREATE DATABASE encrypted",
            "CREATE DATABASE plain",
            "CREATE DATABASE password",
            "CREATE USER carol PASSWORD 'drowssap'",
            "ALTER DATABASE password OWNER TO carol",
        ] {
            postgres_run(&server.own_url(), sql).await;
        }
        server
    }

    async fn wait_until_ready(&self, data: &Path) {
        let began = Instant::now();
        let status = || fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        while status().lines().nth(7).is_none_or(|line| line.trim() != "ready") {
            assert!(began.elapsed() < Duration::from_mins(1), "PostgreSQL did not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn url(&self, user: &str, host: &str, database: &str, parameters: &str) -> String {
        format!("postgres://{user}@{host}:{}/{database}?{parameters}", self.port)
    }

    /// In clear, as whom everything is allowed.
    fn own_url(&self) -> String {
        self.url("baton", "127.0.0.1", "postgres", "")
    }

    fn root(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        if let Some(pid) = pid.unwrap_or_default().lines().next() {
            let _ = Command::new("kill").args(["-QUIT", pid]).status();
        }
        let _ = self.process.wait();
    }
}

/// A root, a certificate of it for `localhost`, and a root that nobody knows.
fn write_certificates(folder: &Path) {
    let root = |file: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.join(file), root.pem()).unwrap();
        root
    };
    root("strange");
    let root = root("root");
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &root).unwrap();
    fs::write(folder.join("cert"), certificate.pem()).unwrap();
    fs::write(folder.join("key"), key.serialize_pem()).unwrap();
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn as_postgres(program: &str) -> Command {
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.unwrap().path().join("bin").join(program)).collect();
    found.retain(|program| program.exists());
    found.sort();
    let program = found.pop().unwrap();
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Opens the store, writes and reads, and tells whether every session was encrypted.
async fn works(server: &Server, url: &str) -> Result<bool, StoreError> {
    let store = Store::open(&format!("{url}&application_name=probed")).await?;
    store.put_record("s", "k", "v", None).await?;
    assert_eq!(store.record("s", "k", 0).await?.as_deref(), Some("v"));
    let client = postgres_client(&server.own_url()).await;
    let sql = "SELECT bool_and(ssl), bool_or(ssl), count(*) FROM pg_stat_ssl \
        JOIN pg_stat_activity USING (pid) WHERE application_name = 'probed'";
    let row = client.query_one(sql, &[]).await.unwrap();
    let (all, any, sessions): (bool, bool, i64) = (row.get(0), row.get(1), row.get(2));
    assert!(all == any && sessions >= 2, "{all} {any} {sessions}");
    store.close().await;
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'probed'";
    while client.query_one(gone, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sslmode_does_what_libpq_does() {
    if is_postgres_left_out() {
        return;
    }
    let server = Server::start().await;
    let [root, strange] =
        ["root", "strange"].map(|name| format!("&sslrootcert={}", server.root(name)));
    let (address, name) = ("127.0.0.1", "localhost");
    // Whether it works, and encrypted.
    let (clear, encrypted, refused) = (Some(false), Some(true), None);
    for (host, database, parameters, expected) in [
        (address, "postgres", String::new(), encrypted),
        (address, "postgres", "sslmode=disable".into(), clear),
        (address, "postgres", "sslmode=allow".into(), clear),
        (address, "postgres", "sslmode=prefer".into(), encrypted),
        (address, "postgres", "sslmode=require".into(), encrypted),
        (address, "encrypted", String::new(), encrypted),
        (address, "encrypted", "sslmode=disable".into(), refused),
        (address, "encrypted", "sslmode=allow".into(), encrypted),
        (address, "plain", String::new(), clear),
        (address, "plain", "sslmode=allow".into(), clear),
        (address, "plain", "sslmode=require".into(), refused),
        (address, "encrypted", format!("sslmode=require{root}"), encrypted),
        (address, "encrypted", format!("sslmode=require{strange}"), refused),
        (address, "encrypted", format!("sslmode=verify-ca{root}"), encrypted),
        (address, "encrypted", format!("sslmode=verify-ca{strange}"), refused),
        (name, "encrypted", format!("sslmode=verify-full{root}"), encrypted),
        (name, "encrypted", format!("sslmode=verify-full{strange}"), refused),
        (address, "encrypted", format!("sslmode=verify-full{root}"), refused),
        (name, "encrypted", "sslmode=verify-full".into(), refused),
        (name, "encrypted", "sslrootcert=system".into(), refused),
    ] {
        let url = server.url("baton", host, database, &parameters);
        let outcome = works(&server, &url).await;
        assert_eq!(outcome.as_ref().ok().copied(), expected, "{url}: {outcome:?}");
    }
    let secret = |more: &str| server.url("carol:drowssap", name, "password", more);
    let bound = format!("sslmode=verify-full{root}&channel_binding=require");
    assert_eq!(works(&server, &secret(&bound)).await, Ok(true), "bound to the channel");
    for missing in ["sslmode=require&sslrootcert=/no/such/file", "sslmode=verify-ca", "sslmode=on"]
    {
        let error = Store::open(&secret(missing)).await.unwrap_err();
        assert!(matches!(error, StoreError::Address(_)), "{error}");
        assert!(error.to_string().contains("ssl") && !error.to_string().contains("drowssap"));
    }
}

/// The server of the other tests has no certificate.
#[tokio::test]
async fn without_tls_at_the_server_only_the_modes_that_insist_fail() {
    let Some(place) = crate::backend::Place::postgres().await else { return };
    for (mode, works) in
        [("disable", true), ("allow", true), ("prefer", true), ("require", false), ("", true)]
    {
        let parameter = if mode.is_empty() { String::new() } else { format!("&sslmode={mode}") };
        let opened = Store::open(&format!("{}{parameter}", place.url)).await;
        assert_eq!(opened.is_ok(), works, "{mode}: {opened:?}");
        if let Ok(store) = opened {
            store.close().await;
        }
    }
}
