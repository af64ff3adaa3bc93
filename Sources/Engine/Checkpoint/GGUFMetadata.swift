// Typed access to the metadata of a GGUF file.

struct GGUFMetadata {
    private let file: GGUFFile
    /// What keys of the model begin with.
    private let architecture: String

    init(_ file: GGUFFile, _ architecture: String) {
        self.file = file
        self.architecture = architecture
    }

    private func name(_ key: String) -> String { "\(architecture).\(key)" }

    func has(_ key: String) -> Bool { file.metadata[name(key)] != nil }

    // MARK: Of the model

    /// A count that sizes something, or is multiplied.
    func count(
        _ key: String, upTo most: Int = GGUFReader.Limit.count
    ) throws(GGUFFault) -> Int {
        let value = try file.integer(name(key))
        guard let value, (1...most).contains(value) else {
            throw .key(
                name(key), expected: "a whole number above 0, at most \(most)",
                found: value.map { "\($0)" } ?? "nothing")
        }
        return value
    }

    /// nil where the key is absent.
    func countIfPresent(_ key: String) throws(GGUFFault) -> Int? {
        has(key) ? try count(key) : nil
    }

    func float(_ key: String) throws(GGUFFault) -> Float? {
        guard let value = file.metadata[name(key)] else { return nil }
        switch value {
        case .float(let float) where float.isFinite: return float
        case .real(let real) where Float(real).isFinite: return Float(real)
        case .integer(let integer): return Float(integer)
        default: throw .key(name(key), expected: "a number", found: value.shown)
        }
    }

    func text(_ key: String) throws(GGUFFault) -> String? {
        try file.text(name(key))
    }

    func flags(_ key: String) throws(GGUFFault) -> [Bool]? { try file.flags(name(key)) }

    func isList(_ key: String) -> Bool {
        if case .list = file.metadata[name(key)] { true } else { false }
    }

    func fault(_ key: String, expected: String) -> GGUFFault {
        .key(
            name(key), expected: expected, found: file.metadata[name(key)]?.shown ?? "nothing")
    }
}

extension GGUFFile {
    func text(_ key: String) throws(GGUFFault) -> String? {
        guard let value = metadata[key] else { return nil }
        guard case .text(let text) = value else {
            throw .key(key, expected: "a text", found: value.shown)
        }
        return text
    }

    func integer(_ key: String) throws(GGUFFault) -> Int? {
        guard let value = metadata[key] else { return nil }
        guard case .integer(let integer) = value else {
            throw .key(key, expected: "a whole number", found: value.shown)
        }
        return integer
    }

    func flag(_ key: String) throws(GGUFFault) -> Bool? {
        guard let value = metadata[key] else { return nil }
        guard case .flag(let flag) = value else {
            throw .key(key, expected: "yes or no", found: value.shown)
        }
        return flag
    }

    /// Of a special token.
    func token(_ name: String) throws(GGUFFault) -> Int? {
        try integer("tokenizer.ggml.\(name)_token_id")
    }
}
