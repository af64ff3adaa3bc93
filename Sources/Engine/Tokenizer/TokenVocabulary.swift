// The tokens of a model: content to id and back, by bytes.

struct TokenVocabulary: Sendable {
    /// Largest published vocabulary: 262,144. Bounds the tables that ids index.
    static let idMax: Int32 = (1 << 22) - 1

    private var idOfContent: [[UInt8]: Int32] = [:]
    private var contentOfID: [[UInt8]?] = []

    /// Makes room for `capacity` tokens.
    init(capacity: Int = 0) { idOfContent.reserveCapacity(capacity) }

    /// How many tokens there are; ids may leave gaps.
    var count: Int { idOfContent.count }

    /// One above the largest id.
    var idEnd: Int { contentOfID.count }

    func id(of content: [UInt8]) -> Int32? {
        idOfContent[content]
    }

    func content(of id: Int32) -> [UInt8]? {
        contentOfID.indices.contains(Int(id)) ? contentOfID[Int(id)] : nil
    }

    /// Returns false, and changes nothing, if the content or the id is taken.
    ///
    /// `id` must be within 0...idMax.
    mutating func insert(_ content: [UInt8], id: Int32) -> Bool {
        guard idOfContent[content] == nil, self.content(of: id) == nil else { return false }
        idOfContent[content] = id
        while contentOfID.count <= Int(id) { contentOfID.append(nil) }
        contentOfID[Int(id)] = content
        return true
    }

    /// The tokens of a single scalar value: (scalar value, id).
    func singleScalars() -> [(scalar: UInt32, id: Int32)] {
        contentOfID.enumerated().compactMap { id, content in
            guard let content, let first = content.first,
                content.count == UTF8Text.length(startingWith: first)
            else { return nil }
            return (UTF8Text.scalar(in: content, at: 0).value, Int32(id))
        }
    }
}
