// The single list of what this build offers. To add an entry, declare it in its file and name it
// here: parser, help, documentation tests and action keys follow.

package enum Offer {
    package static let methods: [MethodDeclaration] = [
        .mka, .mkaOfficial, .shortgpt, .angular, .sleb, .fold, .replaceme, .laco, .come,
        .sparsegpt, .reverse, .passthrough,
    ]
    package static let similarities: [SimilarityDeclaration] = [
        .npib, .npibOfficial, .cosine, .euclidean, .mahalanobis, .tsne, .autoencoder, .cka,
        .blockInfluence, .angular,
    ]
    package static let representations: [RepresentationDeclaration] = [
        .lastToken, .mean, .tokens,
    ]
    package static let datasets: [DatasetDeclaration] = [
        .mmlu, .text, .jsonl, .selfWritten, .mixture,
    ]
    package static let tasks: [TaskDeclaration] = [
        .mmlu, .mmluOfficial, .hellaswag, .piqa, .boolq, .race, .multipleChoice, .perplexity,
        .divergence, .generation, .gsm8k,
    ]

    package static let quantizations: [QuantizationDeclaration] = [
        .gptq, .awq, .smoothquant, .rtn, .fp8,
    ]

    package static func quantization(_ name: String) -> QuantizationDeclaration? {
        quantizations.first { $0.name == name }
    }

    package static func method(_ name: String) -> MethodDeclaration? {
        methods.first { $0.name == name }
    }

    package static func similarity(_ name: String) -> SimilarityDeclaration? {
        similarities.first { $0.name == name }
    }

    package static func representation(_ name: String) -> RepresentationDeclaration? {
        representations.first { $0.name == name }
    }

    package static func dataset(_ name: String) -> DatasetDeclaration? {
        datasets.first { $0.name == name }
    }

    package static func task(_ name: String) -> TaskDeclaration? {
        tasks.first { $0.name == name }
    }
}
