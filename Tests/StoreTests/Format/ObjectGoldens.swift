// Files that version 1 wrote, to be read for ever.

import Store

enum ObjectGoldens {
    struct Golden {
        let digest: Digest
        let content: [UInt8]
        let filter: ObjectFilter
        let file: [UInt8]
    }
    struct Record {
        let key: Digest
        let text: String
    }
    static let all: [Golden] = []
    static let record = Record(key: Digest(of: ""), text: "")
}
