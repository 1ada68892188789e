//! Where the bytes of a value are: in the framer's buffer, where the network put them, or copied
//! aside because the buffer had to move on or because they are several lines.

/// A part of the buffer.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn bytes(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn length(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    pub(super) fn is_empty(self) -> bool {
        self.length() == 0
    }

    pub(super) fn last(self, length: usize) -> Self {
        Self {
            start: self.end.saturating_sub(length),
            end: self.end,
        }
    }
}

/// One value of the block under way. It stays in the buffer where the network put it, as long as
/// it is one piece and the buffer does not move on.
#[derive(Default)]
pub(super) struct Value {
    place: Place,
    copy: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Absent,
    Buffer(Span),
    Copy,
}

impl Value {
    pub(super) fn is_present(&self) -> bool {
        !matches!(self.place, Place::Absent)
    }

    pub(super) fn length(&self) -> usize {
        match self.place {
            Place::Absent => 0,
            Place::Buffer(span) => span.length(),
            Place::Copy => self.copy.len(),
        }
    }

    pub(super) fn bytes<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        match self.place {
            Place::Absent => &[],
            Place::Buffer(span) => span.bytes(buffer),
            Place::Copy => &self.copy,
        }
    }

    pub(super) fn set(&mut self, span: Span) {
        self.place = Place::Buffer(span);
    }

    /// As a further line, behind a line feed; gives how many bytes were copied.
    pub(super) fn append(&mut self, span: Span, buffer: &[u8]) -> usize {
        if !self.is_present() {
            self.set(span);
            return 0;
        }
        let copied = self.keep(buffer) + 1 + span.length();
        self.copy.push(b'\n');
        self.copy.extend_from_slice(span.bytes(buffer));
        copied
    }

    /// Leaves the buffer; gives how many bytes were copied.
    pub(super) fn keep(&mut self, buffer: &[u8]) -> usize {
        let Place::Buffer(span) = self.place else {
            return 0;
        };
        self.copy.clear();
        self.copy.extend_from_slice(span.bytes(buffer));
        self.place = Place::Copy;
        span.length()
    }

    pub(super) fn clear(&mut self) {
        self.place = Place::Absent;
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.copy.capacity()
    }
}
