// config.json: parsed JSON with typed access. Keys nobody asked for are kept as they are.
// Reference for what the keys mean: transformers' configuration files; here they are only words.

package import JSON

/// An object of a config file: the whole of config.json, or a section of it.
package struct ModelConfig: Sendable, Equatable {
    /// Name of the file, for messages.
    package let file: String
    /// Keys that lead to this section; empty for the whole file.
    package let path: [String]
    package private(set) var object: JSONObject
    /// Takes the keys that are asked for; nil: nobody keeps a record.
    private var log: KeyLog?

    package init(file: String, path: [String] = [], object: JSONObject = JSONObject()) {
        self.file = file
        self.path = path
        self.object = object
    }

    /// A config.json is a few kilobytes; one with a token table in it, some hundreds.
    static let limits = JSONLimits(bytes: 4 << 20)

    /// Parses a whole file. `file` is its name, for messages.
    package static func parse(
        _ bytes: Span<UInt8>, file: String
    ) throws(CheckpointError) -> ModelConfig {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: limits, pythonNumbers: true)
        } catch {
            throw .json(path: file, .of(offset: error.offset, in: bytes), error)
        }
        guard case .object(let object) = value else {
            throw .config(.notAnObject(file: file, found: value.shown))
        }
        return ModelConfig(file: file, object: object)
    }

    /// The same config, whose keys are noted when they are asked for.
    package func noting(in log: KeyLog) -> ModelConfig {
        var result = self
        result.log = log
        return result
    }

    package static func == (one: ModelConfig, other: ModelConfig) -> Bool {
        one.file == other.file && one.path == other.path && one.object == other.object
    }

    /// The file's text: indent 2, keys in their order, as transformers writes it.
    package var text: String { JSONValue.object(object).text(.python) }

    // MARK: Reading. A key that is absent or null is `nil` (or `missing`, where it is required).

    package func value(_ key: String) -> JSONValue? {
        log?.note(dotted(key))
        let value = object[key]
        return value == .null ? nil : value
    }

    /// Whether the key is there at all, be it null: to some models that is a difference.
    package func contains(_ key: String) -> Bool {
        log?.note(dotted(key))
        return object[key] != nil
    }

    package func integerIfPresent(_ key: String) throws(ConfigError) -> Int? {
        try read(key, "a whole number") { $0.integer }
    }

    package func integer(_ key: String) throws(ConfigError) -> Int {
        try required(key, "a whole number", try integerIfPresent(key))
    }

    /// An integer within `range`, such as a count that sizes an allocation.
    package func integer(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ConfigError) -> Int {
        try checked(key, try integer(key), range)
    }

    package func integerIfPresent(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ConfigError) -> Int? {
        guard let value = try integerIfPresent(key) else { return nil }
        return try checked(key, value, range)
    }

    /// A finite number; whole numbers count.
    package func doubleIfPresent(_ key: String) throws(ConfigError) -> Double? {
        try read(key, "a number") { $0.finiteDouble }
    }

    package func double(_ key: String) throws(ConfigError) -> Double {
        try required(key, "a number", try doubleIfPresent(key))
    }

    package func boolIfPresent(_ key: String) throws(ConfigError) -> Bool? {
        try read(key, "true or false") { $0.bool }
    }

    package func bool(_ key: String) throws(ConfigError) -> Bool {
        try required(key, "true or false", try boolIfPresent(key))
    }

    package func stringIfPresent(_ key: String) throws(ConfigError) -> String? {
        try read(key, "a string") { $0.string }
    }

    package func string(_ key: String) throws(ConfigError) -> String {
        try required(key, "a string", try stringIfPresent(key))
    }

    package func stringsIfPresent(_ key: String) throws(ConfigError) -> [String]? {
        try read(key, "a list of strings") { $0.elements { $0.string } }
    }

    package func integersIfPresent(_ key: String) throws(ConfigError) -> [Int]? {
        try read(key, "a list of whole numbers") { $0.elements { $0.integer } }
    }

    package func doublesIfPresent(_ key: String) throws(ConfigError) -> [Double]? {
        try read(key, "a list of numbers") { $0.elements { $0.finiteDouble } }
    }

    /// A nested object such as `rope_scaling`; its errors name the whole path.
    package func sectionIfPresent(_ key: String) throws(ConfigError) -> ModelConfig? {
        try read(key, "an object") { value in
            guard case .object(let object) = value else { return nil }
            var section = ModelConfig(file: file, path: path + [key], object: object)
            section.log = log
            return section
        }
    }

    /// The error for a key whose value this build does not know, such as an activation function.
    package func unsupported(_ key: String, expected: String) -> ConfigError {
        .outOfRange(
            file: file, key: dotted(key), expected: expected,
            found: value(key)?.shown ?? "nothing")
    }

    // MARK: Writing

    /// Replaces the value in its place; a new key goes to the end. nil removes the key.
    package mutating func set(_ key: String, to value: JSONValue?) {
        object[key] = value
    }

    package mutating func set(_ key: String, to value: Int) {
        object[key] = .integer(value)
    }

    package mutating func set(_ key: String, to values: [String]) {
        object[key] = .array(values.map(JSONValue.string))
    }

    /// Writes a section back under its key.
    package mutating func set(_ section: ModelConfig) {
        precondition(section.path.dropLast() == path[...], "the section was taken from here")
        guard let key = section.path.last else { return }
        object[key] = .object(section.object)
    }

    // MARK: Errors with their place

    private func dotted(_ key: String) -> String { (path + [key]).joined(separator: ".") }

    private func read<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(ConfigError) -> Value? {
        guard let value = value(key) else { return nil }
        guard let converted = convert(value) else {
            throw .wrongType(
                file: file, key: dotted(key), expected: expected, found: value.shown)
        }
        return converted
    }

    private func required<Value>(
        _ key: String, _ expected: String, _ value: Value?
    ) throws(ConfigError) -> Value {
        guard let value else {
            if contains(key) {
                throw .wrongType(file: file, key: dotted(key), expected: expected, found: "null")
            }
            throw .missing(file: file, key: dotted(key), expected: expected)
        }
        return value
    }

    private func checked(
        _ key: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(ConfigError) -> Int {
        guard range.contains(value) else {
            throw .outOfRange(
                file: file, key: dotted(key),
                expected: "\(range.lowerBound) to \(range.upperBound)", found: String(value))
        }
        return value
    }
}
