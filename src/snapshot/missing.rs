//! Figures that are absent, and why.
//!
//! Every reason has its words here; who shows them adds none.

/// A figure, or the reason why the kernel does not tell it.
pub type Reading<T = u64> = Result<T, Missing>;

/// Why a figure is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing {
    /// This kernel prints no such file or key; newer ones may.
    NotInKernel,
    /// The v1 controller never had it.
    NotOnV1,
    /// The v2 controller never had it.
    NotOnV2,
    /// The kernel could count it, but was not told to, as swap accounting.
    AccountingOff,
    /// The v1 controller counts socket memory only where `kmem.tcp.limit_in_bytes` was set.
    TcpUnlimited,
    /// The memory controller is not enabled for this cgroup.
    NoController,
    /// The kernel keeps no such file for the root cgroup.
    RootCgroup,
    /// The reader may not open the file.
    Permission,
    /// The file was there but could not be read or understood: see the problems.
    Unreadable,
    /// The process or the system may open no more files.
    TooManyOpen,
    /// The cgroup went away before the file was read.
    Vanished,
    /// The kernel's counter stands still although the limit binds (Linux 6.15 and later, `memsw.limit` = `limit`).
    DeadCounter,
    /// Nothing limits it, so there is nothing to be a part of.
    NoLimit,
    /// The limit is above what this cgroup namespace or mount shows.
    Invisible,
    /// It needs a second reading.
    OneReading,
    /// There is no `/dev/kmsg`.
    NoKernelLog,
    /// It is the running kernel's, and what is read is a copy of a host's files.
    NotHere,
    /// Its process is in none of the cgroups that can be seen.
    Elsewhere,
    /// It is of a moment of the past, and was not kept.
    NotKept,
    /// Its turn to be read has not come yet.
    NotRead,
    /// The path does not tell.
    NotKnown,
    /// Nothing grows steadily towards a limit that is in sight.
    NoForecast,
    /// A sum has no such figure.
    NotSummed,
    /// It is no container, so no runtime knows it.
    NoContainer,
    /// It is in no pod.
    NoPod,
    /// Its runtime has no such thing, or keeps it where only the runtime itself can read it.
    NotOnDisk,
    /// None of the places where runtimes keep their state knows it.
    NoState,
    /// Its runtime's state is there, but could not be read or understood: see the problems.
    BadState,
    /// Its runtime's state, or a process of it, was not read within its time.
    TooSlow,
    /// It has no process, or none that shows in `/proc`, to be looked at.
    NoProcess,
    /// Its processes are another user's, whom the reader may not look into.
    NoPtrace,
    /// `/proc` is that of another process namespace than the cgroups' lists.
    OtherNumbers,
    /// OpenVZ's beancounters have no such figure.
    NotInBeancounters,
    /// The file of the beancounters has no such line or column: it was cut short, or another kernel's.
    NotInFile,
    /// Virtuozzo 8 prints something in its place that nobody counts.
    Emulated,
    /// It is no directory of a cgroup.
    NoDirectory,
}

impl Missing {
    /// Whether there is nothing to know; otherwise there is something, and it is not known.
    pub fn is_nothing(self) -> bool {
        matches!(
            self,
            Self::NoLimit
                | Self::NotKnown
                | Self::NoForecast
                | Self::NotSummed
                | Self::NoContainer
                | Self::NoPod
                | Self::NotOnDisk
                | Self::NoDirectory
                | Self::NoProcess
        )
    }

    /// Whether the kernel tells it and it was not read.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Permission
                | Self::NoPtrace
                | Self::Unreadable
                | Self::TooManyOpen
                | Self::TooSlow
                | Self::NotRead
                | Self::NotInFile
        )
    }

    /// The reason in the words of the screens and of the JSON's `missing`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotInKernel => "this kernel does not report it",
            Self::NotOnV1 => "cgroup v1 has no such figure",
            Self::NotOnV2 => "cgroup v2 has no such figure",
            Self::AccountingOff => "the kernel's accounting for it is off",
            Self::TcpUnlimited => "cgroup v1 counts it only once a limit is set in kmem.tcp.limit_in_bytes",
            Self::NoController => "the memory controller is not enabled for this cgroup",
            Self::RootCgroup => "the root cgroup has no such file",
            Self::Permission => "permission denied",
            Self::Unreadable => "the kernel file could not be read or understood, see problems",
            Self::TooManyOpen => "no more files may be open at the same time",
            Self::Vanished => "the cgroup vanished while it was read",
            Self::DeadCounter => {
                "memsw.limit equals limit and this kernel counts no hits then, although the limit was reached"
            }
            Self::NoLimit => "nothing limits it",
            Self::Invisible => "the limit is set above what this cgroup namespace shows",
            Self::OneReading => "needs two readings",
            Self::NoKernelLog => "there is no /dev/kmsg",
            Self::NotHere => "a copy of a host's files has no running kernel",
            Self::Elsewhere => "its process is in none of the cgroups that can be seen from here",
            Self::NotKept => "not kept for moments of the past",
            Self::NotRead => "not read yet",
            Self::NotKnown => "the cgroup path does not tell",
            Self::NoForecast => "nothing grows steadily towards a limit of its own",
            Self::NotSummed => "a sum has no such figure",
            Self::NoContainer => "it is no container",
            Self::NoPod => "it is in no pod",
            Self::NotOnDisk => "its runtime keeps no such thing in files",
            Self::NoState => "its runtime's state was not found",
            Self::BadState => "its runtime's state could not be read or understood, see problems",
            Self::TooSlow => "looking at it took too long",
            Self::NoProcess => "no process of it shows in /proc",
            Self::NoPtrace => {
                "permission denied: only root (CAP_SYS_PTRACE) is told the network namespace of another user's processes"
            }
            Self::OtherNumbers => "this /proc is that of another process namespace than the cgroups' lists",
            Self::NotInBeancounters => "OpenVZ's beancounters do not tell this",
            Self::NotInFile => "the file of the beancounters has no such line or column",
            Self::Emulated => "Virtuozzo 8 prints a number in its place, but counts nothing",
            Self::NoDirectory => "it is no directory of a cgroup",
        }
    }
}
