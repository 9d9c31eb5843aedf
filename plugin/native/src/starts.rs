//! When sessions began, as Python says it of each hour.

use crate::events::remember;
use crate::place::Appliance;
use crate::session::{Began, Hour};
use pyo3::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Of one side, by the number of the appliance and by second or hour.
#[derive(Default)]
pub struct Starts {
    seconds: HashMap<(u64, i64), Arc<Began>>,
    hours: HashMap<(u64, i64), Hour>,
}

impl Starts {
    /// Return what all sessions of `side` have in common that began at `epoch`.
    pub fn at(
        &mut self,
        epoch: i64,
        side: usize,
        appliance: &Appliance,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Arc<Began>> {
        if let Some(found) = self.seconds.get(&(appliance.number, epoch)) {
            return Ok(found.clone());
        }
        let hour = (appliance.number, epoch.div_euclid(3600));
        if !self.hours.contains_key(&hour) {
            let asked = (&appliance.name, hour.1 * 3600, side);
            let (iso, before, behind) =
                python.call_method1("began", asked)?.extract()?;
            let told = Hour {
                iso,
                before,
                behind,
            };
            remember(&mut self.hours, hour, told);
        }
        let made = Arc::new(self.hours[&hour].at(epoch.rem_euclid(3600)));
        remember(&mut self.seconds, (appliance.number, epoch), made.clone());
        Ok(made)
    }
}
