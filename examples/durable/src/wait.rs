//! What a workflow waits for: the payload of the host functions that yield, and how it is written into snapshots.

use pirn::{Error, Result, SnapshotHooks};
use std::any::Any;

/// What a paused workflow waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    /// A time, in milliseconds since 1970.
    Sleep {
        /// When it is over.
        until: i64,
    },
    /// A message.
    Receive {
        /// Of this channel.
        channel: String,
        /// Where its bytes go in the workflow's memory.
        buffer: u32,
        /// At most so many of them.
        size: u32,
        /// When it waits no longer, if ever.
        until: Option<i64>,
    },
}

impl Wait {
    /// When it ends, if nothing comes.
    pub fn until(&self) -> Option<i64> {
        match self {
            Self::Sleep { until } => Some(*until),
            Self::Receive { until, .. } => *until,
        }
    }

    /// Which messages end it.
    pub fn channel(&self) -> Option<&str> {
        if let Self::Receive { channel, .. } = self { Some(channel) } else { None }
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Sleep { until } => [&[0][..], &until.to_le_bytes()].concat(),
            Self::Receive { channel, buffer, size, until } => {
                let until = until.unwrap_or(i64::MAX).to_le_bytes();
                [&[1][..], &until, &buffer.to_le_bytes(), &size.to_le_bytes(), channel.as_bytes()].concat()
            }
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&kind, bytes) = bytes.split_first()?;
        let (until, bytes) = bytes.split_first_chunk().map(|(until, rest)| (i64::from_le_bytes(*until), rest))?;
        if kind == 0 {
            return bytes.is_empty().then_some(Self::Sleep { until });
        }
        let (buffer, bytes) = bytes.split_first_chunk().map(|(number, rest)| (u32::from_le_bytes(*number), rest))?;
        let (size, bytes) = bytes.split_first_chunk().map(|(number, rest)| (u32::from_le_bytes(*number), rest))?;
        let channel = std::str::from_utf8(bytes).ok()?.into();
        (kind == 1).then(|| Self::Receive { channel, buffer, size, until: (until != i64::MAX).then_some(until) })
    }
}

/// Writes what is waited for into snapshots. Externrefs there are none.
pub struct Waits;

impl SnapshotHooks for Waits {
    fn save_payload(&mut self, payload: &(dyn Any + Send)) -> Result<Vec<u8>> {
        let wait =
            payload.downcast_ref::<Wait>().ok_or_else(|| Error::msg("a host function yielded something else"))?;
        Ok(wait.to_bytes())
    }

    fn load_payload(&mut self, bytes: &[u8]) -> Result<Box<dyn Any + Send>> {
        let wait = Wait::from_bytes(bytes).ok_or_else(|| Error::msg("the snapshot does not say what is waited for"))?;
        Ok(Box::new(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_survives_as_bytes() {
        let receive = |until| Wait::Receive { channel: "päyment".into(), buffer: 7, size: u32::MAX, until };
        for wait in [Wait::Sleep { until: -5 }, receive(None), receive(Some(1_700_000_000_000))] {
            assert_eq!(Wait::from_bytes(&wait.to_bytes()), Some(wait.clone()));
            assert_eq!(Wait::from_bytes(&wait.to_bytes()[..8]), None);
        }
        assert_eq!(Wait::from_bytes(&[]), None);
        assert_eq!(Wait::from_bytes(&[2; 30]), None);
    }
}
