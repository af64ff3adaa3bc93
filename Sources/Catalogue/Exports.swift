// The formats of other programs in which models may be written once more.

/// A file format that other programs load.
package struct ExportDeclaration: Declaration {
    package let name: String
    package let summary: String
    package let source: String
    package let parameters: [ParameterDeclaration]
}

extension Offer {
    package static let exports: [ExportDeclaration] = [
        ExportDeclaration(
            name: "gguf",
            summary:
                "One file with weights, tokenizer and chat template, for llama.cpp and what is "
                + "built on it.",
            source: "ggml, docs/gguf.md (version 3); names of tensors and keys as llama.cpp's "
                + "converter gives them",
            parameters: [
                ParameterDeclaration(
                    "type", .choice(["bf16", "f16", "q8_0", "q4_0"]), default: .required,
                    "How weights are written; vectors, norms and routers stay in float32. `q8_0` "
                        + "and `q4_0` round to nearest in blocks of 32; with `q4_0` the output "
                        + "head is `q8_0`."),
                ParameterDeclaration(
                    "original", .flag, default: .flag(false),
                    "Write the model before the fold, too."),
            ])
    ]

    package static func export(_ name: String) -> ExportDeclaration? {
        exports.first { $0.name == name }
    }
}
