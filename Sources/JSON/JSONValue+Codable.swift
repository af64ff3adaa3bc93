// What the coders of this target need of a value that stands among others, and their keys.

// They take a JSONValue as it is and never come here. Foreign coders would lose the order of the
// members and the spelling of numbers, and are refused.
extension JSONValue: Codable {
    package func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(
            self, .init(codingPath: encoder.codingPath, debugDescription: "not by this encoder"))
    }

    package init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "not by this decoder"))
    }
}

/// A coding key made from any name or position.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    init(_ index: Int) {
        stringValue = String(index)
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}
