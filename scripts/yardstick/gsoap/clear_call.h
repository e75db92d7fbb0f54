// The yardstick's one operation, as soapcpp2 wants it: clearCall of StandardCCService, refused.
//gsoap ns service name: StandardCCService
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: http://mitel.com/oig/cc/standard/StandardCCService
//gsoap ns schema elementForm: qualified
//gsoap cc schema namespace: http://mitel.com/oig/cc
//gsoap cc schema elementForm: qualified

typedef long long xsd__long;

class cc__result
{
public:
    char *errorDescription 0;
    @bool result;
};

class ns__clearCallResponse
{
public:
    cc__result *return_ 1;
};

//gsoap ns service method-action: clearCall urn:clearCall
int ns__clearCall(xsd__long sessionId, xsd__long objectId, xsd__long localCallId, ns__clearCallResponse &out);
