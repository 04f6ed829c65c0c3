//! One attempt to sign in, and the limits that count its failure. A known device has a limit of its
//! own, so guesses from elsewhere do not keep its owner out, not even those that come from behind
//! the same address.

use super::{Client, Exceeded};

/// An attempt to sign in.
pub struct SignIn<'a> {
    pub client: &'a Client,
    /// The folded email address, of an account that need not exist.
    pub account: &'a str,
    /// The token of a device that is known for this account.
    pub device: Option<&'a str>,
}

impl SignIn<'_> {
    /// Whether the attempt may be made now. Between this and [`SignIn::failed`] nothing may wait,
    /// or many attempts could be looked at together.
    ///
    /// # Errors
    /// [`Exceeded`] after too many failures.
    pub fn may_be_made(&self) -> Result<(), Exceeded> {
        let limits = &self.client.limits;
        if let Some(device) = self.device {
            return limits.failed_sign_ins_of_device.look(&device);
        }
        limits.failed_sign_ins.look(&self.client.address)?;
        limits.failed_sign_ins_of_account.look(&self.account)
    }

    pub fn failed(&self) {
        let limits = &self.client.limits;
        // That a limit is reached shows at the next attempt.
        if let Some(device) = self.device {
            let _ = limits.failed_sign_ins_of_device.check(&device);
        } else {
            let _ = limits.failed_sign_ins.check(&self.client.address);
            let _ = limits.failed_sign_ins_of_account.check(&self.account);
        }
    }
}
