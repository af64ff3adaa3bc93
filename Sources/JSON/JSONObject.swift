// The members of a JSON object, in their order and by their keys.

import OrderedCollections

/// An object whose keys keep their order, each there once, compared byte by byte.
package struct JSONObject: Sendable, Equatable {
    private var members: OrderedDictionary<ExactString, JSONValue> = [:]

    package init() {}

    /// Of a key that is there twice the last value counts, in the first one's place.
    package init(_ members: some Sequence<(String, JSONValue)>) {
        for (key, value) in members { self[key] = value }
    }

    package var keys: [String] { members.keys.map(\.string) }

    /// Setting replaces the value in its place, or appends the key; nil removes it.
    package subscript(key: String) -> JSONValue? {
        get { members[ExactString(key)] }
        set { members[ExactString(key)] = newValue }
    }

    /// Appends a member; false, and of no further use, where the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        members.updateValue(value, forKey: ExactString(key)) == nil
    }
}

extension JSONObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { members.count }

    package subscript(position: Int) -> (key: String, value: JSONValue) {
        let member = members.elements[position]
        return (member.key.string, member.value)
    }
}
