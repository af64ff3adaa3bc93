// Typed access to the fields of a JSON object, with errors that name the place.

/// An object of tokenizer.json, and where it stands in the file.
struct TokenizerFields {
    let place: String
    private let members: [TokenizerJSON.Member]

    /// Components that one list may hold; known files have at most six.
    static let listMax = 64

    /// Fields an object other than a vocabulary may have: duplicates are sought among them.
    private static let membersMax = 100_000

    init(_ value: TokenizerJSON, place: String) throws(TokenizerError) {
        guard case .object(let members) = value else {
            throw .wrongValue(place: place, expected: "an object", found: value.kind)
        }
        guard members.count <= Self.membersMax else {
            throw .wrongValue(
                place: place, expected: "at most \(Self.membersMax) members",
                found: "\(members.count)")
        }
        var seen: Set<[UInt8]> = []
        for member in members where !seen.insert(member.key).inserted {
            let name = String(decoding: member.key.prefix(60), as: UTF8.self)
            throw .wrongValue(place: place, expected: "every key once", found: "«\(name)» twice")
        }
        self.place = place
        self.members = members
    }

    /// Keys with their values, in the order of the file.
    var all: [TokenizerJSON.Member] { members }

    func place(of key: String) -> String {
        place.isEmpty ? key : "\(place).\(key)"
    }

    /// The value, nil where it is missing or null.
    func optional(_ key: String) -> TokenizerJSON? {
        guard let member = members.first(where: { $0.key.elementsEqual(key.utf8) }) else {
            return nil
        }
        if case .null = member.value { return nil }
        return member.value
    }

    func required(_ key: String) throws(TokenizerError) -> TokenizerJSON {
        guard let value = optional(key) else { throw .missingField(place: place(of: key)) }
        return value
    }

    func object(_ key: String) throws(TokenizerError) -> TokenizerFields {
        try TokenizerFields(required(key), place: place(of: key))
    }

    func bytes(_ key: String) throws(TokenizerError) -> [UInt8] {
        let value = try required(key)
        guard case .string(let bytes) = value else {
            throw .wrongValue(place: place(of: key), expected: "a string", found: value.kind)
        }
        return bytes
    }

    func optionalBytes(_ key: String) throws(TokenizerError) -> [UInt8]? {
        optional(key) == nil ? nil : try bytes(key)
    }

    func string(_ key: String) throws(TokenizerError) -> String {
        String(decoding: try bytes(key), as: UTF8.self)
    }

    /// A string of exactly one scalar value.
    func character(_ key: String) throws(TokenizerError) -> [UInt8] {
        let bytes = try bytes(key)
        guard let first = bytes.first, bytes.count == UTF8Text.length(startingWith: first) else {
            throw .wrongValue(
                place: place(of: key), expected: "one character",
                found: TokenizerJSON.string(bytes).kind)
        }
        return bytes
    }

    /// - Parameter fallback: for a field that is missing or null; nil if it is needed.
    func bool(_ key: String, default fallback: Bool? = nil) throws(TokenizerError) -> Bool {
        if let fallback, optional(key) == nil { return fallback }
        let value = try required(key)
        guard case .bool(let bool) = value else {
            throw .wrongValue(place: place(of: key), expected: "true or false", found: value.kind)
        }
        return bool
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
        try Self.integer(required(key), in: range, place: place(of: key))
    }

    func array(_ key: String) throws(TokenizerError) -> [TokenizerJSON] {
        let value = try required(key)
        guard case .array(let values) = value else {
            throw .wrongValue(place: place(of: key), expected: "a list", found: value.kind)
        }
        return values
    }

    /// The components of a list, each as an object that knows its place.
    func components(_ key: String) throws(TokenizerError) -> [TokenizerFields] {
        let values = try array(key)
        guard values.count <= Self.listMax else {
            throw .wrongValue(
                place: place(of: key), expected: "at most \(Self.listMax) components",
                found: "\(values.count)")
        }
        var fields: [TokenizerFields] = []
        for (index, value) in values.enumerated() {
            fields.append(try TokenizerFields(value, place: "\(place(of: key))[\(index)]"))
        }
        return fields
    }

    /// A string that is one of the raw values of a type.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String
    ) throws(TokenizerError) -> Choice where Choice.RawValue == String {
        let name = try string(key)
        guard let choice = Choice(rawValue: name) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .wrongValue(place: place(of: key), expected: known, found: "«\(name)»")
        }
        return choice
    }

    static func integer(
        _ value: TokenizerJSON, in range: ClosedRange<Int>, place: String
    ) throws(TokenizerError) -> Int {
        guard case .integer(let integer) = value, range.contains(integer) else {
            throw .wrongValue(
                place: place, expected: "a whole number in \(range)", found: value.kind)
        }
        return integer
    }
}
