// Tags of an HTML page, read so strictly that only markup as we write it passes.

struct PageTag {
    let name: String
    let isEnd: Bool
    /// `<path/>` and elements that have no end.
    let isEmpty: Bool
    let attributes: Set<String>

    /// All tags of a page; nil in place of a `<` that begins no tag as we write them.
    static func tags(of html: String) -> [PageTag?] {
        html.utf8.split(separator: UInt8(ascii: "<")).map { piece in
            guard let end = piece.firstIndex(of: UInt8(ascii: ">")) else { return nil }
            return PageTag(String(decoding: piece[..<end], as: UTF8.self))
        }
    }

    /// - text: what stands between `<` and `>`: `name`, `/name`, `name a="b" open`, `name/`.
    private init?(_ text: String) {
        // Every second piece is a value; what lies outside of them is names.
        let pieces = text.split(separator: "\"", omittingEmptySubsequences: false)
        guard pieces.count % 2 == 1 else { return nil }
        var outside = stride(from: 0, to: pieces.count, by: 2).map { pieces[$0] }.joined()[...]
        isEnd = outside.hasPrefix("/")
        if isEnd { outside = outside.dropFirst() }
        let hasSlash = outside.hasSuffix("/")
        if hasSlash { outside = outside.dropLast() }
        let words = outside.split(separator: " ", omittingEmptySubsequences: false)
        guard let first = words.first, Self.isName(first) || first == "!DOCTYPE" else {
            return nil
        }
        var names: Set<String> = []
        var values = 0
        for word in words.dropFirst() {
            let name = word.hasSuffix("=") ? word.dropLast() : word
            if word.hasSuffix("=") { values += 1 }
            guard Self.isName(name), names.insert(String(name)).inserted else { return nil }
        }
        guard values == pieces.count / 2 else { return nil }
        self.name = String(first)
        isEmpty = hasSlash || ["meta", "!DOCTYPE"].contains(first)
        attributes = names
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
