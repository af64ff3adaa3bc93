// Puts special tokens around the ids of a text.
// Source: tokenizers 0.23, processors/template.rs and processors/sequence.rs.

import JSON

struct PostProcessor: Sendable {
    /// Ids that a template may put around one text; known files have at most two.
    static let idsMax = 1_000
    /// Times that it may repeat the text; known files have it once.
    static let textsMax = 4

    private enum Piece: Sendable {
        case text
        case special([Int32])
    }

    private let pieces: [Piece]

    init(before: [Int32], after: [Int32]) {
        let pieces = [Piece.special(before), .text, .special(after)]
        self.pieces = pieces.filter { if case .special([]) = $0 { false } else { true } }
    }

    init(in fields: TokenizerFields) throws(TokenizerError) {
        guard fields.optional("post_processor") != nil else {
            pieces = [.text]
            return
        }
        pieces = try Self.pieces(fields.object("post_processor")) ?? [.text]
    }

    /// - Parameter addSpecialTokens: false leaves only the text, as often as the template has it.
    func process(_ ids: [Int32], addSpecialTokens: Bool) -> [Int32] {
        if pieces.count == 1, case .text = pieces[0] { return ids }
        return pieces.flatMap { piece in
            switch piece {
            case .text: ids
            case .special(let special): addSpecialTokens ? special : []
            }
        }
    }

    /// Nil for a processor that changes no ids.
    private static func pieces(_ fields: TokenizerFields) throws(TokenizerError) -> [Piece]? {
        let type = try fields.string("type")
        switch type {
        case "ByteLevel": return nil  // Only trims offsets.
        case "Sequence":
            var found: [Piece]?
            for part in try fields.components("processors") {
                guard let pieces = try pieces(part) else { continue }
                guard found == nil else {
                    throw .unsupported(
                        place: part.place, component: "a second template in one sequence",
                        hint: "")
                }
                found = pieces
            }
            return found
        case "TemplateProcessing": return try template(fields)
        default:
            throw TokenizerFile.unsupported(
                "post-processor", type, in: fields, known: "TemplateProcessing, ByteLevel, Sequence"
            )
        }
    }

    private static func template(_ fields: TokenizerFields) throws(TokenizerError) -> [Piece] {
        let special = try fields.object("special_tokens")
        var (idCount, textCount) = (0, 0)
        var pieces: [Piece] = []
        for part in try fields.components("single") {
            if part.optional("Sequence") != nil {
                let sequence = try part.object("Sequence")
                let name = try sequence.string("id")
                guard name == "A" else {
                    throw .wrongValue(
                        place: sequence.place(of: "id"), expected: "`A`", found: quoted(name))
                }
                textCount += 1
                guard textCount <= textsMax else {
                    throw .wrongValue(
                        place: part.place, expected: "the text at most \(textsMax) times",
                        found: "once more")
                }
                pieces.append(.text)
                continue
            }
            let name = try part.object("SpecialToken").string("id")
            let token = try special.object(name)
            var ids: [Int32] = []
            for (index, value) in try token.array("ids").enumerated() {
                let place = "\(token.place(of: "ids"))[\(index)]"
                let range = 0...Int(TokenVocabulary.idMax)
                ids.append(Int32(try TokenizerFields.integer(value, in: range, place: place)))
            }
            idCount += ids.count
            guard idCount <= idsMax else {
                throw .wrongValue(
                    place: part.place, expected: "at most \(idsMax) ids", found: "more")
            }
            pieces.append(.special(ids))
        }
        return pieces
    }
}
