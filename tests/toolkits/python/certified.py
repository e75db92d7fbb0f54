"""An application with a certificate, through zeep: logs in, signs the challenge, makes a call and waits.

    certified.py URL ICP COMPANY APPLICATION APPLICATION_PASSWORD LOCAL_PASSWORD CERTIFICATE KEY CALLER CALLED

CERTIFICATE and KEY are PEM files, as the member of the certificate server got them. The signature is made here by RFC
8017's words alone. Prints `logged in`, `has called`, then each second `goes on` until its session has ended, which it says.
Run by the tests.
"""

import base64
import hashlib
import sys
import time

from gateway import Gateway, Recorder, Wrong, text

SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def der(data):
    """What is in the first element of DER, and what follows it."""
    length, at = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    return data[at : at + length], data[at + length :]


def rsa_key(pem):
    """Modulus and private exponent of a PKCS#8 key."""
    body = "".join(line for line in pem.splitlines() if "-----" not in line)
    inside, _ = der(base64.b64decode(body))
    _, inside = der(inside)  # the version
    _, inside = der(inside)  # the algorithm
    key, _ = der(inside)
    numbers, _ = der(key)
    values = []
    while numbers:
        value, numbers = der(numbers)
        values.append(int.from_bytes(value, "big"))
    return values[1], values[3]


def signed(pem, challenge):
    """The signature as Java prints an array of bytes."""
    modulus, exponent = rsa_key(pem)
    size = (modulus.bit_length() + 7) // 8
    digest = SHA256 + hashlib.sha256(challenge.encode()).digest()
    block = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    signature = pow(int.from_bytes(block, "big"), exponent, modulus).to_bytes(size, "big")
    return str([byte - 256 if byte > 127 else byte for byte in signature])


def main():
    url, icp, company, application, password, local, certificate, key, caller, called = sys.argv[1:]
    with open(certificate, encoding="utf-8") as file:
        certificate = file.read()
    with open(key, encoding="utf-8") as file:
        key = file.read()
    gateway = Gateway(url, Recorder(None))
    login = gateway.accepted(
        "loginEx",
        req={
            "companyName": company,
            "applicationName": application,
            "applicationPassword": password,
            "localPassword": local,
            "version": "4.1",
            "certificate": certificate,
        },
    )
    session = login["sessionId"]
    proof = {"signedAuthenticationData": signed(key, login["authenticationData"]), "sessionId": session}
    gateway.accepted("authenticate", req=proof)
    print("logged in", flush=True)
    deadline = time.monotonic() + 20
    while True:
        node = gateway.accepted("getIcpId", request={"icpIpAddress": icp, "sessionId": session})
        if node["connectionState"] == "CONNECTED":
            break
        if time.monotonic() > deadline:
            raise Wrong("the node is not connected")
        time.sleep(0.1)
    phone = gateway.accepted(
        "getPhoneNumberId", request={"icpId": node["icpId"], "primeDn": caller, "sessionId": session}
    )
    object_id = phone["objectId"]
    gateway.accepted("monitorObject", sessionId=session, objectId=object_id)
    gateway.accepted("makeCall", sessionId=session, objectId=object_id, number=called)
    print("has called", flush=True)
    while True:
        reply = gateway.call("resetSessionTimer", sessionId=session)
        if reply["result"] is not True:
            print("the session has ended:", text(reply), flush=True)
            return
        print("goes on", flush=True)
        time.sleep(1)


main()
