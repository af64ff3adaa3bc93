// Channels of two layers concatenated, the most sensitive kept.

extension MethodDeclaration {
    package static let come = Self(
        name: "come",
        summary: "Makes one layer of the most sensitive channels of two, again and again.",
        source: "CoMe, arXiv 2510.15304, with heads kept beside the group they read",
        formula: "keep channels of greatest mean|z_k| sum|W_out,k|; shares by block influence",
        needs: .search)
}
