// Makes argv[1] keys, signs a message with each in two ways, checks the signatures, and prints a hash of them.
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
#include <secp256k1_preallocated.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The crate renames the library's functions by its version.
#define secp(name) rustsecp256k1_v0_14_##name

static void must(int right) {
  if (!right) exit(1);
}

int main(int argc, char **argv) {
  must(argc == 2);
  void *room = malloc(secp(context_preallocated_size)(SECP256K1_CONTEXT_NONE));
  must(room != NULL);
  secp(context) *context = secp(context_preallocated_create)(room, SECP256K1_CONTEXT_NONE);
  unsigned char key[32] = {0}, message[32], out[64];
  unsigned fnv = 2166136261u;
  for (int times = atoi(argv[1]); times > 0; times--) {
    for (int i = 0; i < 32; i++) key[i] = (unsigned char)(key[i] * 5 + times + i + 1);
    memset(message, times, sizeof message);
    secp(pubkey) public;
    secp(ecdsa_signature) signature;
    must(secp(ec_pubkey_create)(context, &public, key));
    must(secp(ecdsa_sign)(context, &signature, message, key, NULL, NULL));
    must(secp(ecdsa_verify)(context, &signature, message, &public));
    must(secp(ecdsa_signature_serialize_compact)(context, out, &signature));
    for (int i = 0; i < 64; i++) fnv = (fnv ^ out[i]) * 16777619u;
    secp(keypair) pair;
    secp(xonly_pubkey) half;
    must(secp(keypair_create)(context, &pair, key));
    must(secp(keypair_xonly_pub)(context, &half, NULL, &pair));
    must(secp(schnorrsig_sign32)(context, out, message, &pair, NULL));
    must(secp(schnorrsig_verify)(context, out, message, sizeof message, &half));
    for (int i = 0; i < 64; i++) fnv = (fnv ^ out[i]) * 16777619u;
  }
  printf("fnv %08x\n", fnv);
  return 0;
}
