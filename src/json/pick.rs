//! Picks the wanted fields out of an object in one walk, and reads their values afterwards: for the rows of histories, of
//! which there are many and all alike. What is not wanted is checked and passed over.

use super::{Flaw, Kind, Reader, Step, scan};

type Read<T> = Result<T, Flaw>;

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    name: usize,
    value: usize,
}

impl Reader<'_> {
    /// Passes over an object, and tells where its wanted fields stand: each of `names` with its number among them. Of
    /// several fields with one number the last counts.
    pub fn pick<const N: usize>(&mut self, names: &[(&str, usize)]) -> Read<[Option<Place>; N]> {
        let mut places = [None; N];
        self.picked(names, &mut places)?;
        Ok(places)
    }

    /// The value of a picked field as `read` reads it; nothing where there is no such field.
    pub fn at<T: Default>(
        &mut self,
        place: Option<Place>,
        read: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<T> {
        let Some(place) = place else {
            return Ok(T::default());
        };
        let here = self.go(place);
        let value = read(self)?;
        self.go_back(here);
        Ok(value)
    }

    // Neither is compiled into each of the above.
    #[inline(never)]
    fn go(&mut self, place: Place) -> usize {
        self.path.push(Step::Field(place.name));
        std::mem::replace(&mut self.at, place.value)
    }

    #[inline(never)]
    fn go_back(&mut self, here: usize) {
        self.path.pop();
        self.at = here;
    }

    fn picked(&mut self, names: &[(&str, usize)], places: &mut [Option<Place>]) -> Read<()> {
        if !self.take(b'{') {
            return Err(self.expected("an object"));
        }
        self.nest()?;
        if self.take(b'}') {
            return Ok(());
        }
        let bytes = self.text.as_bytes();
        // rows of one server have their fields in one order, so the next is looked for behind the last
        let mut next = 0;
        loop {
            let name = self.start();
            if self.kind() != Kind::String {
                return Err(self.flaw("a field's name is missing"));
            }
            self.at = scan::skip_string(bytes, name).map_err(|flaw| self.flawed(flaw))?;
            let found = self.known(names, next, name);
            if !self.take(b':') {
                return Err(self.flaw("a colon is missing"));
            }
            let value = self.start();
            self.path.push(Step::Field(name));
            self.skip()?;
            self.path.pop();
            if let Some((at, number)) = found {
                next = at + 1;
                if let Some(place) = places.get_mut(number) {
                    *place = Some(Place { name, value });
                }
            }
            if self.take(b',') {
                continue;
            }
            return match self.take(b'}') {
                true => Ok(()),
                false => Err(self.flaw("an object does not end")),
            };
        }
    }

    /// The place in `names`, and the number there, of the name that stands from `start` on and ends here.
    fn known(&self, names: &[(&str, usize)], next: usize, start: usize) -> Option<(usize, usize)> {
        let written = self.between(start).as_bytes();
        let name = written.get(1..written.len().saturating_sub(1))?;
        if !name.contains(&b'\\') {
            return find(names, next, name);
        }
        let (name, _) = scan::string(self.text, start).ok()?;
        find(names, next, name.to_string_lossy().as_bytes())
    }
}

fn find(names: &[(&str, usize)], next: usize, name: &[u8]) -> Option<(usize, usize)> {
    let (before, behind) = names.split_at_checked(next).unwrap_or((names, &[]));
    let is = |(wanted, _): &(&str, usize)| wanted.as_bytes() == name;
    let place = |list: &[(&str, usize)]| list.iter().position(is);
    let at = match place(behind) {
        Some(at) => next + at,
        None => place(before)?,
    };
    names.get(at).map(|(_, number)| (at, *number))
}
