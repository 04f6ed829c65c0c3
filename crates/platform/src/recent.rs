//! A map that forgets what was not used lately: when the young half is full it becomes the old
//! half, and what lay in the old half is gone.

use std::collections::HashMap;

pub(crate) struct Recent<V> {
    young: HashMap<Box<str>, V>,
    old: HashMap<Box<str>, V>,
    half_max: usize,
}

impl<V: Clone> Recent<V> {
    /// Holds between one and two times `half_max` entries.
    pub(crate) fn new(half_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half_max }
    }

    pub(crate) fn get(&mut self, key: &str) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    pub(crate) fn put(&mut self, key: &str, value: V) {
        if self.young.len() >= self.half_max && !self.young.contains_key(key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.into(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent = Recent::new(10);
        recent.put("used", 0);
        recent.put("unused", 0);
        for n in 0..1000 {
            assert_eq!(recent.get("used"), Some(n));
            recent.put("used", n + 1);
            recent.put(&format!("other {n}"), n);
            assert!(recent.young.len() + recent.old.len() <= 20);
        }
        assert_eq!(recent.get("unused"), None);
        assert_eq!(recent.get("other 999"), Some(999));
    }
}
