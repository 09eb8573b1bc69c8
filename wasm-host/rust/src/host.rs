//! edge-notary.wasm under wasmtime: starts the component and lends it what it asks for.
//!
//! The linker has the interface `host` and nothing else, and no WASI: a component that imported more would not start.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, Result, Store};

wasmtime::component::bindgen!({ world: "core", path: "../edge-notary.wit" });

pub use edge_notary::core::host::{FetchError, Header, Method, Request, Response, StoreType};
pub use edge_notary::core::types::{Descriptor, Envelope, Refusal};
pub use exports::edge_notary::core::verifier;

/// How often the engine looks whether the time of a call is over.
const TICK: Duration = Duration::from_millis(50);

/// For the component to say what became of the time; after it, the component is stopped wherever it is.
const GRACE: Duration = Duration::from_millis(500);

/// Answers a request within the time that is left.
pub type Fetch = Box<dyn FnMut(&Request, Duration) -> Result<Response, FetchError> + Send>;

/// What the component is lent.
struct Lent {
    fetch: Fetch,
    now: u64,
    end: Instant,
    kept: HashMap<String, Vec<u8>>,
}

impl edge_notary::core::host::Host for Lent {
    fn fetch(&mut self, request: Request) -> Result<Response, FetchError> {
        match self.end.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => (self.fetch)(&request, left),
            _ => Err(FetchError::Deadline),
        }
    }

    fn now(&mut self) -> u64 {
        self.now
    }

    fn wait(&mut self, milliseconds: u32) -> bool {
        let left = self.end.saturating_duration_since(Instant::now());
        thread::sleep(left.min(Duration::from_millis(milliseconds.into())));
        Instant::now() < self.end
    }

    fn cache_get(&mut self, key: String) -> Option<Vec<u8>> {
        self.kept.get(&key).cloned()
    }

    fn cache_set(&mut self, key: String, content: Vec<u8>, _lifetime_seconds: u32) {
        self.kept.insert(key, content);
    }

    fn trust_store(&mut self, _store_type: StoreType, _name: String) -> Option<Vec<Vec<u8>>> {
        None
    }
}

/// An interface of types alone.
impl edge_notary::core::types::Host for Lent {}

/// One instance of the component.
pub struct EdgeNotary {
    engine: Engine,
    store: Store<Lent>,
    core: Core,
}

impl EdgeNotary {
    pub fn open(wasm: &Path, fetch: Fetch) -> Result<Self> {
        let engine = Engine::new(Config::new().epoch_interruption(true))?;
        let mut linker = Linker::new(&engine);
        Core::add_to_linker::<_, HasSelf<Lent>>(&mut linker, |lent| lent)?;
        let lent = Lent {
            fetch,
            now: 0,
            end: Instant::now(),
            kept: HashMap::new(),
        };
        let mut store = Store::new(&engine, lent);
        store.set_epoch_deadline(u64::MAX / 2);
        let core = Core::instantiate(&mut store, &Component::from_file(&engine, wasm)?, &linker)?;
        Ok(Self {
            engine,
            store,
            core,
        })
    }

    /// Sets the clock the component sees: milliseconds since 1970.
    pub fn set_now(&mut self, milliseconds: u64) {
        self.store.data_mut().now = milliseconds;
    }

    /// Asks whether someone trusted signed an artifact. Errors are traps, such as the end of a call that took too long; the
    /// instance is of no use then.
    pub fn verify(
        &mut self,
        subject: &verifier::Subject,
        trust: &verifier::Trust,
        limit: Duration,
    ) -> Result<Result<verifier::Verification, Refusal>> {
        let clock = self.start(limit);
        let answer =
            self.core
                .edge_notary_core_verifier()
                .call_verify(&mut self.store, subject, trust);
        clock.stop();
        answer
    }

    /// Asks what policies make of an AdmissionReview. Errors are traps, as of [`Self::verify`].
    pub fn evaluate(
        &mut self,
        policies: &[verifier::PolicyFile],
        review: &str,
        phase: verifier::Phase,
        limit: Duration,
    ) -> Result<Result<verifier::Decision, Refusal>> {
        let clock = self.start(limit);
        let answer = self.core.edge_notary_core_verifier().call_evaluate(
            &mut self.store,
            policies,
            review,
            phase,
        );
        clock.stop();
        answer
    }

    /// Starts the time of a call: after it, what is lent says that it is over; a little later the engine ends the call.
    fn start(&mut self, limit: Duration) -> Clock {
        self.store.data_mut().end = Instant::now() + limit;
        let ticks = (limit + GRACE).as_millis() / TICK.as_millis() + 1;
        self.store
            .set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX / 2));
        Clock::start(self.engine.clone())
    }
}

/// Counts the engine's epochs while a call runs.
struct Clock {
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Clock {
    fn start(engine: Engine) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                thread::park_timeout(TICK);
                engine.increment_epoch();
            }
        });
        Self { over, thread }
    }

    fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        // It does nothing that can fail.
        let _ = self.thread.join();
    }
}
