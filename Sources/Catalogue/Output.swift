// How folded models are written.

extension Offer {
    package static let output: [ParameterDeclaration] = [
        ParameterDeclaration(
            "dtype", .choice(["keep", "float32", "bfloat16", "float16"]), default: .word("keep"),
            "Type of the written weights; keep: as in the original."),
        ParameterDeclaration(
            "shard_bytes", .integer(1_048_576...35_184_372_088_832),
            default: .integer(5_000_000_000), unit: "bytes",
            "A model larger than this is written in several files."),
    ]

    /// Jobs of higher priority start first; equal ones in the order of their arrival.
    package static let priority = ParameterDeclaration(
        "priority", .integer(-100...100), default: .integer(0),
        "Jobs of higher priority start first.")
}
