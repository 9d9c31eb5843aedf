//! Sessions at other servers, which the appliance opens.

use crate::session::Began;
use crate::steps::Moment;
use crate::template::Fragment;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// Attempts, failures, recipients that were delivered to, bounces, delays, errors.
pub type Counts = [u64; 6];
/// Where what a line on a message counts begins in `Counts`.
pub const OF_MAIL: usize = 2;

/// A live session in the place of Python's, which is made of it when Python asks.
#[pyclass]
pub struct Server {
    pub kept: Py<PyBytes>,
    pub epoch: i64,
    pub began: Arc<Began>,
    /// What the opening line says besides the address.
    pub egress: Py<Fragment>,
    pub observer: u64,
    pub tls: Py<Fragment>,
    pub address: Box<str>,
    pub six: bool,
    pub last: Option<Arc<Moment>>,
    pub first_id: String,
    pub sequence: u64,
    pub counts: Counts,
    /// The first one.
    pub bounce: Option<Py<Fragment>>,
}

/// What Python's session is made of; see `pipeline/native/tables.py`.
type Told<'py> = (
    Py<PyBytes>,
    Option<Bound<'py, PyAny>>,
    String,
    u64,
    (u64, u64, u64, u64, u64, u64),
    Option<Py<Fragment>>,
);

#[pymethods]
impl Server {
    fn told<'py>(&self, py: Python<'py>) -> PyResult<Told<'py>> {
        let [attempts, failures, delivered, bounced, delayed, errors] = self.counts;
        Ok((
            self.kept.clone_ref(py),
            self.last.as_ref().map(|last| last.told(py)).transpose()?,
            self.first_id.clone(),
            self.sequence,
            (attempts, failures, delivered, bounced, delayed, errors),
            self.bounce.as_ref().map(|bounce| bounce.clone_ref(py)),
        ))
    }
}
