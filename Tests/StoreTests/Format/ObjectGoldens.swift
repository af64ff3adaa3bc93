// Files that version 1 wrote, to be read for ever.
//
// Made on 21 November 2026 with libzstd 1.5.4: `put` of the floats 0.5, 1, … 32 as little-endian
// bytes with planes, `put` of the text "layerfold", and `record` of one similarity step.

import Store

enum ObjectGoldens {
    struct Golden {
        let digest: String
        let content: [UInt8]
        let filter: ObjectFilter
        /// In hexadecimal digits.
        let file: String
    }

    static let all = [
        Golden(
            digest: "fc0f4e890a2ffe8f8bc32025a9e2d3a4a730764a94df7e14cf941a3f10ee8ab6",
            content: (1...64).flatMap { index in
                let pattern = (Float(index) * 0.5).bitPattern
                return (0..<4).map { UInt8(truncatingIfNeeded: pattern >> (8 * UInt32($0))) }
            },
            filter: .planes4,
            file: "28b52ffd6400009502007404000080c0002040608090a0b0c0d0e0f00008101820283038"
                + "40485058606870788084888c9094989ca0a4a8acb0b4b8bcc0c4c8ccd0d4d8dce0e4e8ec"
                + "f0f4f8fc003f3f3f40414203100044190cc3d3367d7f23015c2a4d186c0000004c415952"
                + "464f4c44010000000400000000004000010000000001000000000000fc0f4e890a2ffe8f"
                + "8bc32025a9e2d3a4a730764a94df7e14cf941a3f10ee8ab6600000000ec6db71d4f1b4d8"
                + "998a0f293f0938aa84092511c905dfd7510c9e6cf08c5f5b6c0000004c464f31"),
        Golden(
            digest: "70b5990b8ff34a828d2f86e54e8818a29875359cd19c8291a9e2664ee2e61cb2",
            content: Array("layerfold".utf8),
            filter: .none,
            file: "28b52ffd24094900006c61796572666f6c648ff7939c5c2a4d186c0000004c415952464f"
                + "4c4401000000000000000000400001000000090000000000000070b5990b8ff34a828d2f"
                + "86e54e8818a29875359cd19c8291a9e2664ee2e61cb216000000c5a379e09b509ebf957e"
                + "e6fa47b053d149c24d931d5f9f019eb8257ade0c69286c0000004c464f31"),
    ]

    static let actionKey = "58e31d2179f20868bb5066449db25d78d0f7e4ff683c7686bd7674e9a5e9d992"
    static let action =
        #"{"action":{"inputs":{"embeddings":"302049d75567a9b3a1f9a359e27ffd4eb303d7a51e4dd"#
        + #"302d6051e73aa6f6482"},"params":{"measure":"npib","sigma":8},"stage":"similarity""#
        + #","stage_version":1,"tool":"layerfold","v":1},"format":1,"key":"58e31d2179f20868b"#
        + #"b5066449db25d78d0f7e4ff683c7686bd7674e9a5e9d992","meta":{"notes":{"host":"one"},"#
        + #""peak_bytes":4096,"seconds":"1.25"},"outputs":[{"bytes":256,"role":"matrix","sha"#
        + #"256":"fc0f4e890a2ffe8f8bc32025a9e2d3a4a730764a94df7e14cf941a3f10ee8ab6"}],"sum":"#
        + #""bf77fd538c6662287b75dfef90759718504a59ee70c44be521fa44a9f3213f32"}"#
}
