//! All functions of the interface, by name: what adapters to runtimes are made of.
//!
//! Each takes the guest's context, its memory, and the parameters that the guest gave, whose types are `u32` and `i64` or `u64` for
//! WebAssembly's `i32` and `i64`. Where one gives [`Outcome::Wait`], the adapter waits ([`Wait::block`](crate::Wait::block)
//! or [`Wait::ready`](crate::Wait::ready)) and calls it again. `proc_exit`, which gives nothing, is
//! the adapter's: it ends the guest's execution with an error of the runtime.
//!
//! [`for_each_function!`](crate::for_each_function) lists the others, for macros.

use crate::WasiP1Ctx;
use crate::ctx::Outcome;
use crate::memory::Guest;

/// Calls a macro with the names and parameters of all functions but `proc_exit`, after whatever stands in the braces.
///
/// `for_each_function! { define { linker: } }` becomes `define! { linker: args_get(argv: u32, argv_buf: u32); ... }`.
/// The last one, `sock_accept`, is not in `wasi_unstable`, which is of no harm.
#[macro_export]
macro_rules! for_each_function {
    ($macro:ident { $($first:tt)* }) => {
        $macro! { $($first)*
            args_get(argv: u32, argv_buf: u32);
            args_sizes_get(argc: u32, argv_buf_size: u32);
            environ_get(environ: u32, environ_buf: u32);
            environ_sizes_get(environc: u32, environ_buf_size: u32);
            clock_res_get(id: u32, resolution: u32);
            clock_time_get(id: u32, precision: u64, time: u32);
            fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
            fd_allocate(fd: u32, offset: u64, len: u64);
            fd_close(fd: u32);
            fd_datasync(fd: u32);
            fd_fdstat_get(fd: u32, stat: u32);
            fd_fdstat_set_flags(fd: u32, flags: u32);
            fd_fdstat_set_rights(fd: u32, fs_rights_base: u64, fs_rights_inheriting: u64);
            fd_filestat_get(fd: u32, buf: u32);
            fd_filestat_set_size(fd: u32, size: u64);
            fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, fst_flags: u32);
            fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nread: u32);
            fd_prestat_get(fd: u32, buf: u32);
            fd_prestat_dir_name(fd: u32, path: u32, path_len: u32);
            fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nwritten: u32);
            fd_read(fd: u32, iovs: u32, iovs_len: u32, nread: u32);
            fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, bufused: u32);
            fd_renumber(fd: u32, to: u32);
            fd_seek(fd: u32, offset: i64, whence: u32, newoffset: u32);
            fd_sync(fd: u32);
            fd_tell(fd: u32, offset: u32);
            fd_write(fd: u32, iovs: u32, iovs_len: u32, nwritten: u32);
            path_create_directory(fd: u32, path: u32, path_len: u32);
            path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, buf: u32);
            path_filestat_set_times(fd: u32, flags: u32, path: u32, path_len: u32, atim: u64, mtim: u64, fst_flags: u32);
            path_link(old_fd: u32, old_flags: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32,
                new_path_len: u32);
            path_open(fd: u32, dirflags: u32, path: u32, path_len: u32, oflags: u32, fs_rights_base: u64,
                fs_rights_inheriting: u64, fdflags: u32, opened_fd: u32);
            path_readlink(fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, bufused: u32);
            path_remove_directory(fd: u32, path: u32, path_len: u32);
            path_rename(fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32);
            path_symlink(old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32);
            path_unlink_file(fd: u32, path: u32, path_len: u32);
            poll_oneoff(subscriptions: u32, events: u32, nsubscriptions: u32, nevents: u32);
            proc_raise(signal: u32);
            random_get(buf: u32, buf_len: u32);
            sched_yield();
            sock_recv(fd: u32, ri_data: u32, ri_data_len: u32, ri_flags: u32, ro_datalen: u32, ro_flags: u32);
            sock_send(fd: u32, si_data: u32, si_data_len: u32, si_flags: u32, so_datalen: u32);
            sock_shutdown(fd: u32, how: u32);
            sock_accept(fd: u32, flags: u32, accepted_fd: u32);
        }
    };
}

macro_rules! functions {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            #[allow(clippy::too_many_arguments, reason = "the interface has them")]
            pub fn $name(ctx: &mut WasiP1Ctx, guest: &mut Guest<'_>, $($arg: $ty),*) -> Outcome {
                ctx.$name(guest, $($arg),*).into()
            }
        )*

        /// The names of the functions, without `proc_exit`.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

for_each_function! { functions {} }
