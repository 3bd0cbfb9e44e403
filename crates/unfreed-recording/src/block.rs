//! The kinds of block a recording is made of. Names and conversions only: bytes are made in
//! `writer` and read in `reader`.

use crate::counters::{Counters, Opened, Processes, Resources, Started};
use crate::process::{Child, End, Mark, Note, ProcessInfo, Round, Watched};
use crate::sites::{Epoch, Natives, Peak, Sources, Stacks, Uncertainty};
use crate::snapshot::Snapshot;

/// The kind of a block, as the first byte of its header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// [`ProcessInfo`], byte 1.
    Process,
    /// [`Counters`], byte 2.
    Counters,
    /// [`Resources`], byte 3.
    Resources,
    /// [`Stacks`], byte 4.
    Stacks,
    /// [`Epoch`], byte 5.
    Epoch,
    /// [`Snapshot`], byte 6.
    Snapshot,
    /// [`Note`], byte 7.
    Note,
    /// [`Child`], byte 8.
    Child,
    /// [`End`], byte 9.
    End,
    /// [`Round`], byte 10.
    Round,
    /// [`Sources`], byte 11.
    Sources,
    /// [`Natives`], byte 12.
    Natives,
    /// [`Processes`], byte 13.
    Processes,
    /// [`Mark`], byte 14.
    Mark,
    /// [`Watched`], byte 15.
    Watched,
    /// [`Opened`], byte 16.
    Opened,
    /// [`Started`], byte 17.
    Started,
    /// [`Uncertainty`], byte 18.
    Uncertainty,
    /// [`Peak`], byte 19.
    Peak,
    /// A kind that a later minor version added. Readers skip it.
    Unknown(u8),
}

impl Kind {
    /// The kind that `byte` stands for.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Process,
            2 => Self::Counters,
            3 => Self::Resources,
            4 => Self::Stacks,
            5 => Self::Epoch,
            6 => Self::Snapshot,
            7 => Self::Note,
            8 => Self::Child,
            9 => Self::End,
            10 => Self::Round,
            11 => Self::Sources,
            12 => Self::Natives,
            13 => Self::Processes,
            14 => Self::Mark,
            15 => Self::Watched,
            16 => Self::Opened,
            17 => Self::Started,
            18 => Self::Uncertainty,
            19 => Self::Peak,
            other => Self::Unknown(other),
        }
    }

    /// The byte that stands for this kind.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Process => 1,
            Self::Counters => 2,
            Self::Resources => 3,
            Self::Stacks => 4,
            Self::Epoch => 5,
            Self::Snapshot => 6,
            Self::Note => 7,
            Self::Child => 8,
            Self::End => 9,
            Self::Round => 10,
            Self::Sources => 11,
            Self::Natives => 12,
            Self::Processes => 13,
            Self::Mark => 14,
            Self::Watched => 15,
            Self::Opened => 16,
            Self::Started => 17,
            Self::Uncertainty => 18,
            Self::Peak => 19,
            Self::Unknown(byte) => byte,
        }
    }

    /// The kind's name for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Counters => "counters",
            Self::Resources => "resources",
            Self::Stacks => "stacks",
            Self::Epoch => "epoch",
            Self::Snapshot => "snapshot",
            Self::Note => "note",
            Self::Child => "child",
            Self::End => "end",
            Self::Round => "round",
            Self::Sources => "sources",
            Self::Natives => "natives",
            Self::Processes => "processes",
            Self::Mark => "mark",
            Self::Watched => "watched",
            Self::Opened => "opened",
            Self::Started => "started",
            Self::Uncertainty => "uncertainty",
            Self::Peak => "peak",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// One block of a recording, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Who was recorded and how.
    Process(ProcessInfo),
    /// Figures of the whole process.
    Counters(Counters),
    /// What descriptors and threads are open.
    Resources(Resources),
    /// New code objects and stacks.
    Stacks(Stacks),
    /// The end of an epoch.
    Epoch(Epoch),
    /// A heap.
    Snapshot(Snapshot),
    /// Something to know about the recording.
    Note(Note),
    /// A child process with a recording of its own.
    Child(Child),
    /// The orderly end.
    End(End),
    /// The end of a round of calls.
    Round(Round),
    /// Texts of source lines.
    Sources(Sources),
    /// Functions of C code.
    Natives(Natives),
    /// Child processes.
    Processes(Processes),
    /// A moment that the program named.
    Mark(Mark),
    /// Classes that the person asked for.
    Watched(Watched),
    /// Where descriptors were opened.
    Opened(Opened),
    /// Where calls started what outlives them.
    Started(Started),
    /// How far an epoch's estimates may be off.
    Uncertainty(Uncertainty),
    /// What was live when the most was.
    Peak(Peak),
}

impl Block {
    /// The block's kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        BlockRef::from(self).kind()
    }
}

/// One block by reference, so that a big one is encoded without a copy.
/// Made with `From`: every argument of [`crate::writer::encode`] may be `&Block`, `&Snapshot`, ….
#[derive(Clone, Copy, Debug)]
pub enum BlockRef<'a> {
    /// See [`Block::Process`].
    Process(&'a ProcessInfo),
    /// See [`Block::Counters`].
    Counters(&'a Counters),
    /// See [`Block::Resources`].
    Resources(&'a Resources),
    /// See [`Block::Stacks`].
    Stacks(&'a Stacks),
    /// See [`Block::Epoch`].
    Epoch(&'a Epoch),
    /// See [`Block::Snapshot`].
    Snapshot(&'a Snapshot),
    /// See [`Block::Note`].
    Note(&'a Note),
    /// See [`Block::Child`].
    Child(&'a Child),
    /// See [`Block::End`].
    End(&'a End),
    /// See [`Block::Round`].
    Round(&'a Round),
    /// See [`Block::Sources`].
    Sources(&'a Sources),
    /// See [`Block::Natives`].
    Natives(&'a Natives),
    /// See [`Block::Processes`].
    Processes(&'a Processes),
    /// See [`Block::Mark`].
    Mark(&'a Mark),
    /// See [`Block::Watched`].
    Watched(&'a Watched),
    /// See [`Block::Opened`].
    Opened(&'a Opened),
    /// See [`Block::Started`].
    Started(&'a Started),
    /// See [`Block::Uncertainty`].
    Uncertainty(&'a Uncertainty),
    /// See [`Block::Peak`].
    Peak(&'a Peak),
}

macro_rules! each_kind {
    ($($kind:ident($content:ty)),* $(,)?) => {
        impl BlockRef<'_> {
            /// The block's kind.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)* }
            }
        }
        impl<'a> From<&'a Block> for BlockRef<'a> {
            fn from(block: &'a Block) -> Self {
                match block { $(Block::$kind(content) => Self::$kind(content),)* }
            }
        }
        $(impl<'a> From<&'a $content> for BlockRef<'a> {
            fn from(content: &'a $content) -> Self {
                Self::$kind(content)
            }
        }
        impl From<$content> for Block {
            fn from(content: $content) -> Self {
                Self::$kind(content)
            }
        })*
    };
}

each_kind!(
    Process(ProcessInfo),
    Counters(Counters),
    Resources(Resources),
    Stacks(Stacks),
    Epoch(Epoch),
    Snapshot(Snapshot),
    Note(Note),
    Child(Child),
    End(End),
    Round(Round),
    Sources(Sources),
    Natives(Natives),
    Processes(Processes),
    Mark(Mark),
    Watched(Watched),
    Opened(Opened),
    Started(Started),
    Uncertainty(Uncertainty),
    Peak(Peak),
);
