//! `errno`: error numbers of WASI preview 1, and which one an error of the host becomes.

use std::fmt;
use std::io::{Error, ErrorKind};

/// What a call gives to the guest: [`Errno::SUCCESS`], or what went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(u16);

/// Constants and names from one list, in the order of the interface's description.
macro_rules! errnos {
    ($($name:ident = $code:literal $text:literal $doc:literal)*) => {
        impl Errno {
            $(
                #[doc = $doc]
                pub const $name: Self = Self($code);
            )*

            /// The name in the interface's description, for example `noent`.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    _ => unreachable!(),
                }
            }
        }
    };
}

errnos! {
    SUCCESS = 0 "success" "No error."
    TOOBIG = 1 "2big" "The list of arguments is too long."
    ACCES = 2 "acces" "Permission denied."
    ADDRINUSE = 3 "addrinuse" "The address is in use."
    ADDRNOTAVAIL = 4 "addrnotavail" "The address is not available."
    AFNOSUPPORT = 5 "afnosupport" "The address family is not supported."
    AGAIN = 6 "again" "The resource is not available now, or the call would block."
    ALREADY = 7 "already" "The connection is already in progress."
    BADF = 8 "badf" "No such descriptor, or not one for this."
    BADMSG = 9 "badmsg" "A bad message."
    BUSY = 10 "busy" "The device or resource is busy."
    CANCELED = 11 "canceled" "The operation was cancelled."
    CHILD = 12 "child" "No child processes."
    CONNABORTED = 13 "connaborted" "The connection was aborted."
    CONNREFUSED = 14 "connrefused" "The connection was refused."
    CONNRESET = 15 "connreset" "The connection was reset."
    DEADLK = 16 "deadlk" "A deadlock would occur."
    DESTADDRREQ = 17 "destaddrreq" "A destination address is required."
    DOM = 18 "dom" "An argument is out of the domain of the function."
    DQUOT = 19 "dquot" "The quota is exceeded."
    EXIST = 20 "exist" "The file exists."
    FAULT = 21 "fault" "A pointer does not lie within the memory."
    FBIG = 22 "fbig" "The file is too large."
    HOSTUNREACH = 23 "hostunreach" "The host is unreachable."
    IDRM = 24 "idrm" "The identifier was removed."
    ILSEQ = 25 "ilseq" "The bytes are no text."
    INPROGRESS = 26 "inprogress" "The operation is in progress."
    INTR = 27 "intr" "The call was interrupted."
    INVAL = 28 "inval" "An argument is invalid."
    IO = 29 "io" "An error of input or output."
    ISCONN = 30 "isconn" "The socket is connected."
    ISDIR = 31 "isdir" "It is a directory."
    LOOP = 32 "loop" "Too many symbolic links, or one where none was to be followed."
    MFILE = 33 "mfile" "Too many descriptors."
    MLINK = 34 "mlink" "Too many links."
    MSGSIZE = 35 "msgsize" "The message is too large."
    MULTIHOP = 36 "multihop" "Reserved."
    NAMETOOLONG = 37 "nametoolong" "A name is too long."
    NETDOWN = 38 "netdown" "The network is down."
    NETRESET = 39 "netreset" "The network aborted the connection."
    NETUNREACH = 40 "netunreach" "The network is unreachable."
    NFILE = 41 "nfile" "Too many files are open in the system."
    NOBUFS = 42 "nobufs" "No buffer space."
    NODEV = 43 "nodev" "No such device."
    NOENT = 44 "noent" "No such file or directory."
    NOEXEC = 45 "noexec" "The file cannot be executed."
    NOLCK = 46 "nolck" "No locks."
    NOLINK = 47 "nolink" "Reserved."
    NOMEM = 48 "nomem" "Not enough memory."
    NOMSG = 49 "nomsg" "No message of the type."
    NOPROTOOPT = 50 "noprotoopt" "The protocol is not available."
    NOSPC = 51 "nospc" "No space is left."
    NOSYS = 52 "nosys" "The function is not supported."
    NOTCONN = 53 "notconn" "The socket is not connected."
    NOTDIR = 54 "notdir" "It is no directory."
    NOTEMPTY = 55 "notempty" "The directory is not empty."
    NOTRECOVERABLE = 56 "notrecoverable" "The state cannot be recovered."
    NOTSOCK = 57 "notsock" "It is no socket."
    NOTSUP = 58 "notsup" "Not supported."
    NOTTY = 59 "notty" "It is no terminal."
    NXIO = 60 "nxio" "No such device or address."
    OVERFLOW = 61 "overflow" "A value is too large for its type."
    OWNERDEAD = 62 "ownerdead" "The previous owner died."
    PERM = 63 "perm" "The operation is not permitted."
    PIPE = 64 "pipe" "Nobody reads the pipe."
    PROTO = 65 "proto" "An error of the protocol."
    PROTONOSUPPORT = 66 "protonosupport" "The protocol is not supported."
    PROTOTYPE = 67 "prototype" "The protocol is of the wrong type for the socket."
    RANGE = 68 "range" "The result is too large."
    ROFS = 69 "rofs" "The file system is read-only."
    SPIPE = 70 "spipe" "It cannot seek."
    SRCH = 71 "srch" "No such process."
    STALE = 72 "stale" "Reserved."
    TIMEDOUT = 73 "timedout" "The connection timed out."
    TXTBSY = 74 "txtbsy" "The program file is in use."
    XDEV = 75 "xdev" "The link would cross devices."
    NOTCAPABLE = 76 "notcapable" "The capabilities do not suffice."
}

impl Errno {
    /// The number the guest sees, 0 to 76.
    pub const fn code(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Errno {}

/// Numbers of the system that have the same name here.
macro_rules! from_system {
    ($($name:ident)*) => {
        fn of_system(error: rustix::io::Errno) -> Option<Errno> {
            // Some systems have two names for one number, so this cannot be a `match`.
            $(if error == rustix::io::Errno::$name {
                return Some(Errno::$name);
            })*
            match error {
                rustix::io::Errno::ACCESS => Some(Errno::ACCES),
                rustix::io::Errno::OPNOTSUPP => Some(Errno::NOTSUP),
                _ => None,
            }
        }
    };
}

from_system! {
    TOOBIG ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD CONNABORTED CONNREFUSED
    CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM ILSEQ INPROGRESS INTR INVAL IO ISCONN
    ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC
    NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY NXIO
    OVERFLOW OWNERDEAD PERM PIPE PROTO PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV
}

impl From<rustix::io::Errno> for Errno {
    fn from(error: rustix::io::Errno) -> Self {
        of_system(error).unwrap_or(Self::IO)
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        if let Some(system) = rustix::io::Errno::from_io_error(&error) {
            return system.into();
        }
        match error.kind() {
            // So cap-std refuses a path that leads out of its directory.
            ErrorKind::PermissionDenied => Self::PERM,
            ErrorKind::NotFound => Self::NOENT,
            ErrorKind::AlreadyExists => Self::EXIST,
            ErrorKind::InvalidInput => Self::INVAL,
            ErrorKind::InvalidData => Self::ILSEQ,
            ErrorKind::Interrupted => Self::INTR,
            ErrorKind::Unsupported => Self::NOTSUP,
            ErrorKind::OutOfMemory => Self::NOMEM,
            ErrorKind::BrokenPipe => Self::PIPE,
            ErrorKind::WouldBlock => Self::AGAIN,
            ErrorKind::NotADirectory => Self::NOTDIR,
            ErrorKind::IsADirectory => Self::ISDIR,
            ErrorKind::StorageFull => Self::NOSPC,
            _ => Self::IO,
        }
    }
}
