//! What is known by its name, and what stands in an order. In: names, and lists with a word on which of two comes first.
//! Out: places. One copy serves all kinds of values: as generics of the standard library the same was a tenth of the
//! WebAssembly file.

use std::collections::BTreeMap;

/// Names, each with its place in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeMap<String, usize>);

impl Names {
    /// The place of `name`, if it is there.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// The place of `name`, which is added where it is not there.
    #[inline(never)]
    pub fn place(&mut self, name: &str) -> usize {
        let end = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(end)
    }

    /// Adds `name`, and says whether it is new.
    pub fn add(&mut self, name: &str) -> bool {
        let end = self.0.len();
        self.place(name) == end
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A value for each of some names.
#[derive(Clone, Debug)]
pub struct Named<T> {
    names: Names,
    values: Vec<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named {
            names: Names::default(),
            values: Vec::new(),
        }
    }
}

impl<T> Named<T> {
    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.values.get(self.names.find(name)?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Gives `name` a value, in the place of the one that it had.
    pub fn set(&mut self, name: &str, value: T) {
        let place = self.names.place(name);
        match self.values.get_mut(place) {
            Some(old) => *old = value,
            None => self.values.push(value),
        }
    }
}

/// Puts `list` in order; what is equal stays as it stands. `before` says whether the first of two comes before the second.
pub fn sort<T>(list: &mut Vec<T>, before: impl Fn(&T, &T) -> bool) {
    let places = places(
        list.len(),
        &|one, other| match (list.get(one), list.get(other)) {
            (Some(one), Some(other)) => before(one, other),
            _ => false,
        },
    );
    if let Some(places) = places {
        let mut values: Vec<Option<T>> = list.drain(..).map(Some).collect();
        list.extend(
            places
                .into_iter()
                .filter_map(|place| values.get_mut(place)?.take()),
        );
    }
}

/// The places in the order in which what stands there should stand; nothing if it does. A merge sort.
fn places(count: usize, before: &dyn Fn(usize, usize) -> bool) -> Option<Vec<usize>> {
    if (1..count).all(|place| !before(place, place - 1)) {
        return None;
    }
    let mut places: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut run = 1;
    while run < count {
        for runs in places.chunks(run * 2) {
            let (mut left, mut right) = runs.split_at(run.min(runs.len()));
            while let (Some((one, ones)), Some((other, others))) =
                (left.split_first(), right.split_first())
            {
                if before(*other, *one) {
                    merged.push(*other);
                    right = others;
                } else {
                    merged.push(*one);
                    left = ones;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut places, &mut merged);
        merged.clear();
        run *= 2;
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_list_is_sorted_as_the_standard_library_sorts_it(
            list in prop::collection::vec(0_u8..20, 0..100)
        ) {
            let mut ours: Vec<(u8, usize)> = list.into_iter().zip(0..).collect();
            let mut theirs = ours.clone();
            sort(&mut ours, |(one, _), (other, _)| one < other);
            theirs.sort_by_key(|(value, _)| *value);
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn a_name_keeps_its_place() {
        let mut names = Names::default();
        assert!(names.is_empty());
        for (name, place, new) in [("b", 0, true), ("a", 1, true), ("b", 0, false)] {
            assert_eq!(names.add(name), new, "{name}");
            assert_eq!(names.place(name), place, "{name}");
            assert_eq!(names.find(name), Some(place), "{name}");
        }
        assert_eq!(names.find("c"), None);
        assert_eq!(names.len(), 2);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_name_has_the_value_that_it_was_given_last() {
        let mut named = Named::default();
        for (name, value) in [("a", 1), ("b", 2), ("a", 3)] {
            named.set(name, value);
        }
        assert_eq!(named.get("a"), Some(&3));
        assert_eq!(named.get("b"), Some(&2));
        assert_eq!(named.get("c"), None);
    }
}
